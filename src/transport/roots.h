// SPDX-License-Identifier: MIT
// The certificates that a client trusts, as PEM text. Read once, when a RouterClient is opened.
#pragma once

#include <string>

#include "base/status.h"

namespace mm::transport {

// kInvalidArgument: the file cannot be read, or holds no certificate in PEM.
base::StatusOr<std::string> read_certificates(const std::string& path);

// The system's, from where the distributions keep them: a statically linked gRPC does not find
// them by itself. kInvalidArgument: there are none.
base::StatusOr<std::string> system_roots();

}  // namespace mm::transport
