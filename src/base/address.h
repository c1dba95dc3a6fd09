// SPDX-License-Identifier: MIT
// Address: where something is dialled or listened at, as a user names it. A name is not resolved
// here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mm::base {

struct Address {
  enum class Kind { kTcp, kUnix, kStandard };  // kStandard: standard input and output, "-"
  Kind kind = Kind::kTcp;
  std::string host;  // kTcp: a name or an IP literal without brackets; empty: 127.0.0.1 and ::1
  uint16_t port = 0;
  std::string path;  // kUnix

  static Address tcp(std::string host, uint16_t port);
  static Address unix_socket(std::string path);

  std::string text() const;  // "localhost:3000", "[::1]:3000", "unix:/path", "-"
  bool operator==(const Address&) const = default;
};

// "127.0.0.1:6353", "[::1]:6353".
std::string host_port(std::string_view host, uint16_t port);

// Whether connections to `host` stay on this machine: empty, "localhost", 127.0.0.0/8 or ::1. No
// name but "localhost" is looked at, whatever it may resolve to.
bool is_loopback(std::string_view host);

// Whether `host` means something else, or nothing, to other networks: is_loopback(), or an address
// of RFC 1918, RFC 4193 or of one link alone.
bool is_private(std::string_view host);

}  // namespace mm::base
