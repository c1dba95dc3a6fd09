// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include <cstring>
#include <optional>
#include <utility>

namespace mm::base {
namespace {

// Also where it is written as IPv6 has it, "::ffff:192.0.2.1". In the machine's byte order.
std::optional<uint32_t> parse_ipv4(const std::string& text) {
  in_addr ipv4{};
  if (inet_pton(AF_INET, text.c_str(), &ipv4) == 1) return ntohl(ipv4.s_addr);
  in6_addr ipv6{};
  const bool is_mapped =
      inet_pton(AF_INET6, text.c_str(), &ipv6) == 1 && IN6_IS_ADDR_V4MAPPED(&ipv6);
  if (!is_mapped) return std::nullopt;
  std::memcpy(&ipv4, ipv6.s6_addr + 12, sizeof ipv4);
  return ntohl(ipv4.s_addr);
}

}  // namespace

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
  if (const auto ipv4 = parse_ipv4(text)) return *ipv4 >> 24 == IN_LOOPBACKNET;
  in6_addr ipv6{};
  return inet_pton(AF_INET6, text.c_str(), &ipv6) == 1 && IN6_IS_ADDR_LOOPBACK(&ipv6);
}

bool is_private(std::string_view host) {
  if (is_loopback(host)) return true;
  const std::string text(host);
  if (const auto ipv4 = parse_ipv4(text)) {
    return *ipv4 >> 24 == 10 || *ipv4 >> 20 == 0xac1 || *ipv4 >> 16 == 0xc0a8 ||
           *ipv4 >> 16 == 0xa9fe;
  }
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, text.c_str(), &ipv6) != 1) return false;
  return IN6_IS_ADDR_LINKLOCAL(&ipv6) || (ipv6.s6_addr[0] & 0xfe) == 0xfc;
}

}  // namespace mm::base
