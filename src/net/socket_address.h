// SPDX-License-Identifier: MIT
// SocketAddress: one address as the kernel takes it, of any family. Used by the listener and the
// dial; private to net.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace mm::net {

class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, size_t length);

  // Nothing unless `ip` is an IPv4 or IPv6 literal, without brackets or scope.
  static std::optional<SocketAddress> from_ip(const std::string& ip, uint16_t port);

  // kInvalidArgument: empty, or longer than the kernel takes (107 bytes).
  static base::StatusOr<SocketAddress> from_path(const std::string& path);

  // The address that socket `fd` is bound to, or that of its peer; no family if it has none.
  static SocketAddress local_of(int fd);
  static SocketAddress peer_of(int fd);

  int family() const { return address_.any.sa_family; }
  uint16_t port() const;  // 0 for unix
  void set_port(uint16_t port);
  std::string text() const;  // "127.0.0.1:8080", "[::1]:8080", "unix:/path"

  const sockaddr* get() const { return &address_.any; }
  socklen_t length() const { return length_; }
  bool operator==(const SocketAddress& other) const;

 private:
  union {
    sockaddr any;
    sockaddr_in ipv4;
    sockaddr_in6 ipv6;
    sockaddr_un local;
  } address_{};
  socklen_t length_ = 0;
};

// What `host` stands for without asking anybody: nothing or "localhost" for 127.0.0.1 and ::1, an
// IP literal for itself. Empty: it is a name, which must be resolved. So these work in a static
// binary too, whose resolver needs the libraries of the glibc that it was built with.
std::vector<SocketAddress> known_addresses(const std::string& host, uint16_t port);

}  // namespace mm::net
