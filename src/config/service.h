// SPDX-License-Identifier: MIT
// What a user writes for a service: the arguments of `share` and `connect`, and the names in the
// configuration file.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "config/config.h"

namespace mm::config {

// OK for [a-z0-9][a-z0-9._-]{0,62}. `whose`: what the error says that it cannot be.
base::Status check_name(std::string_view name, std::string_view whose = "a service's name");

// "[NAME=]TARGET". Without NAME it is made up: `<user>-3000`, `<user>-web.sock`.
base::StatusOr<SharedService> parse_shared(std::string_view argument, std::string_view user);

// "NAME[=LISTEN]" or "TICKET[=LISTEN]".
base::StatusOr<ConnectedService> parse_connected(std::string_view argument);

// "3000", "host:3000", "unix:/path": meant for a target, and not for a service or a ticket.
bool is_target(std::string_view argument);

}  // namespace mm::config
