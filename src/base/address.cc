// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include <utility>

namespace mm::base {

Address Address::tcp(std::string host, uint16_t port) {
  Address address;
  address.host = std::move(host);
  address.port = port;
  return address;
}

Address Address::unix_socket(std::string path) {
  Address address;
  address.kind = Kind::kUnix;
  address.path = std::move(path);
  return address;
}

std::string Address::text() const {
  if (kind == Kind::kUnix) return "unix:" + path;
  if (kind == Kind::kStandard) return "-";
  return host_port(host.empty() ? "localhost" : host, port);
}

std::string host_port(std::string_view host, uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  const std::string text = is_ipv6 ? "[" + std::string(host) + "]" : std::string(host);
  return text + ":" + std::to_string(port);
}

bool is_loopback(std::string_view host) {
  const std::string text(host);
  if (text.empty() || strcasecmp(text.c_str(), "localhost") == 0) return true;
  in_addr ipv4{};
  if (inet_pton(AF_INET, text.c_str(), &ipv4) == 1) {
    return ntohl(ipv4.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, text.c_str(), &ipv6) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return ipv6.s6_addr[12] == IN_LOOPBACKNET;
  return IN6_IS_ADDR_LOOPBACK(&ipv6);
}

}  // namespace mm::base
