// SPDX-License-Identifier: MIT
// What a user writes for a place to dial or to listen at, as an Endpoint. Errors say what is wrong
// with which text, and what to write.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "config/config.h"

namespace mm::config {

// "3000" (port 1 to 65535), "host:3000", "[::1]:3000", "unix:/path".
base::StatusOr<Endpoint> parse_target(std::string_view text);

// The same with port 0, which is any free one, and "-", standard input and output.
base::StatusOr<Endpoint> parse_listen(std::string_view text);

// Where a router listens: the same, but neither a path nor "-".
base::StatusOr<Endpoint> parse_router_listen(std::string_view text);

// Nothing unless `text` is a decimal number from `least` to 65535.
std::optional<uint16_t> parse_port(std::string_view text, uint16_t least);

// "host:port" or "[ipv6]:port" in its two parts, brackets removed; "host" and "[ipv6]" have no
// port text. Nothing: it is neither, or the host is no host.
struct HostPort {
  std::string host;
  std::optional<std::string> port;
};
std::optional<HostPort> split_host_port(std::string_view text);

}  // namespace mm::config
