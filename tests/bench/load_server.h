// SPDX-License-Identifier: MIT
// The target of every chain: one port, where each connection says by its first byte what it wants.
#pragma once

#include <string>

namespace mm::bench {

// Prints {"port": N}, then serves until standard input ends. `tally` is a file; see open_tally().
void serve(const std::string& host, const std::string& tally);

}  // namespace mm::bench
