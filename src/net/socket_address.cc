// SPDX-License-Identifier: MIT
#include "net/socket_address.h"

#include <arpa/inet.h>
#include <strings.h>

#include <cstddef>
#include <cstring>

#include "base/address.h"
#include "base/check.h"

namespace mm::net {
namespace {

SocketAddress ask(int fd, decltype(getsockname)& question) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (question(fd, generic, &length) != 0) return SocketAddress();
  return SocketAddress(generic, length);
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, size_t length)
    : length_(static_cast<socklen_t>(length)) {
  MM_CHECK(length <= sizeof address_);
  std::memcpy(&address_, address, length);
}

std::optional<SocketAddress> SocketAddress::from_ip(const std::string& ip, uint16_t port) {
  SocketAddress address;
  if (inet_pton(AF_INET, ip.c_str(), &address.address_.ipv4.sin_addr) == 1) {
    address.address_.ipv4.sin_family = AF_INET;
    address.length_ = sizeof address.address_.ipv4;
  } else if (inet_pton(AF_INET6, ip.c_str(), &address.address_.ipv6.sin6_addr) == 1) {
    address.address_.ipv6.sin6_family = AF_INET6;
    address.length_ = sizeof address.address_.ipv6;
  } else {
    return std::nullopt;
  }
  address.set_port(port);
  return address;
}

base::StatusOr<SocketAddress> SocketAddress::from_path(const std::string& path) {
  SocketAddress address;
  sockaddr_un& local = address.address_.local;
  if (path.empty() || path.size() >= sizeof local.sun_path) {
    return base::error(
        base::Code::kInvalidArgument,
        "the path of a socket has 1 to " + std::to_string(sizeof local.sun_path - 1) + " bytes");
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
  address.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

SocketAddress SocketAddress::local_of(int fd) { return ask(fd, getsockname); }

SocketAddress SocketAddress::peer_of(int fd) { return ask(fd, getpeername); }

uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(address_.ipv4.sin_port);
  if (family() == AF_INET6) return ntohs(address_.ipv6.sin6_port);
  return 0;
}

void SocketAddress::set_port(uint16_t port) {
  if (family() == AF_INET) address_.ipv4.sin_port = htons(port);
  if (family() == AF_INET6) address_.ipv6.sin6_port = htons(port);
}

std::string SocketAddress::text() const {
  char ip[INET6_ADDRSTRLEN] = "";
  switch (family()) {
    case AF_INET:
      inet_ntop(AF_INET, &address_.ipv4.sin_addr, ip, sizeof ip);
      return base::host_port(ip, port());
    case AF_INET6:
      inet_ntop(AF_INET6, &address_.ipv6.sin6_addr, ip, sizeof ip);
      return base::host_port(ip, port());
    case AF_UNIX:
      return std::string("unix:") + address_.local.sun_path;
    default:
      return "nowhere";
  }
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  return length_ == other.length_ && std::memcmp(&address_, &other.address_, length_) == 0;
}

std::vector<SocketAddress> known_addresses(const std::string& host, uint16_t port) {
  if (host.empty() || strcasecmp(host.c_str(), "localhost") == 0) {
    return {*SocketAddress::from_ip("127.0.0.1", port), *SocketAddress::from_ip("::1", port)};
  }
  const std::optional<SocketAddress> literal = SocketAddress::from_ip(host, port);
  if (literal) return {*literal};
  return {};
}

}  // namespace mm::net
