// SPDX-License-Identifier: MIT
// What a user writes for a router, as a RouterUrl.
#pragma once

#include <string_view>

#include "base/status.h"
#include "config/config.h"

namespace mm::config {

// "http://HOST[:PORT]" without TLS (port 80), "https://HOST[:PORT]" with TLS (443), "HOST[:PORT]"
// (6353) with TLS unless HOST is loopback. A lone "/" at the end is let pass; a path, user
// information, a query or a fragment is an error that says so.
base::StatusOr<RouterUrl> parse_router_url(std::string_view text);

}  // namespace mm::config
