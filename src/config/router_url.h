// SPDX-License-Identifier: MIT
// What a user writes for a router, as a RouterUrl.
#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"
#include "config/config.h"

namespace mm::config {

// Between a URL's scheme and its host.
constexpr std::string_view kSchemeEnd = "://";

// "http://HOST[:PORT]" without TLS (port 80), "https://HOST[:PORT]" with TLS (443), "HOST[:PORT]"
// (6353) with TLS unless HOST is loopback. With TLS there may be "#PIN", 22 digits of base64url. A
// lone "/" before that is let pass; a path, user information, a query or another fragment is an
// error that says so.
base::StatusOr<RouterUrl> parse_router_url(std::string_view text);

// 22 digits of base64url.
std::optional<Pin> parse_pin(std::string_view text);

}  // namespace mm::config
