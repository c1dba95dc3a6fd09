// SPDX-License-Identifier: MIT
// The services of a router as a table for people. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "transport/router_client.h"

namespace mm::list {

// Aligned columns under a header, in the order given; every line ends with a newline. Times are
// local (TZ).
std::string table(const std::vector<transport::ServiceInfo>& services);

// "0 B", "999 B", "1.0 kB", "12 MB": three digits at most, powers of 1000.
std::string human_bytes(uint64_t bytes);

}  // namespace mm::list
