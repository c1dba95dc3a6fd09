// SPDX-License-Identifier: MIT
// The services of a router as a table for people. Pure.
#pragma once

#include <string>
#include <vector>

#include "transport/router_client.h"

namespace mm::list {

// Aligned columns under a header, in the order given; every line ends with a newline. Times are
// local (TZ).
std::string table(const std::vector<transport::ServiceInfo>& services);

// The same of their open connections, after an empty line; a line in place of none.
std::string connections_table(const std::vector<transport::ServiceInfo>& services);

}  // namespace mm::list
