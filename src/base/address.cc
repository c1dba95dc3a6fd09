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

bool is_private(std::string_view host) {
  if (is_loopback(host)) return true;
  const std::string text(host);
  in_addr ipv4{};
  if (inet_pton(AF_INET, text.c_str(), &ipv4) == 1) {
    const uint32_t address = ntohl(ipv4.s_addr);
    return address >> 24 == 10 || address >> 20 == 0xac1 || address >> 16 == 0xc0a8 ||
           address >> 16 == 0xa9fe;
  }
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, text.c_str(), &ipv6) != 1) return false;
  return IN6_IS_ADDR_LINKLOCAL(&ipv6) || (ipv6.s6_addr[0] & 0xfe) == 0xfc;
}

}  // namespace mm::base
