// SPDX-License-Identifier: MIT
// Tells whether something listens at an address of this machine, without connecting to it: a
// server that takes one connection and leaves would take that for its client.
#pragma once

#include <istream>
#include <optional>

#include "base/address.h"

namespace mm::net {

// Nothing: it cannot be told (another machine's address, or a system without /proc).
std::optional<bool> is_listened_to(const base::Address& address);

// Whether a table as /proc/net/tcp has it, one socket a line, holds a listener at `port`.
bool has_listener(std::istream& table, uint16_t port);

}  // namespace mm::net
