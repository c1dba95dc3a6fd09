// SPDX-License-Identifier: MIT
#include "config/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "base/text.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::in_quotes;
using base::StatusOr;

constexpr std::string_view kUnixPrefix = "unix:";
constexpr size_t kPathBytesMost = 107;  // sun_path in <sys/un.h>, less its NUL
constexpr size_t kHostBytesMost = 253;  // RFC 1035, section 2.3.4, as text without the last dot

struct Grammar {
  std::string_view noun;   // with its article
  std::string_view forms;  // what to write
  uint16_t least_port;
};
constexpr Grammar kTarget = {"a target", "PORT, HOST:PORT or unix:/path", 1};
constexpr Grammar kListen = {"an address to listen at", "PORT, HOST:PORT, unix:/path or -", 0};
constexpr Grammar kRouterListen = {"an address for a router", "PORT or HOST:PORT", 0};

bool is_digit(char c) { return '0' <= c && c <= '9'; }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_host_character(char c) {
  return is_digit(c) || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || c == '-' || c == '.' ||
         c == '_';
}

// A number alone would be an address, 0.0.31.144 for 8080: two ports, as other programs have them.
bool is_host(std::string_view text) {
  return !text.empty() && !is_number(text) && text.size() <= kHostBytesMost && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), is_host_character);
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return text.find('\0') == std::string_view::npos &&  // where inet_pton would stop reading
         inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

base::Status not_one(const Grammar& grammar, std::string_view text) {
  return usage_error(in_quotes(text) + " is not " + std::string(grammar.noun) + ": write " +
                     std::string(grammar.forms));
}

base::Status no_port(const Grammar& grammar, std::string_view text) {
  return usage_error(in_quotes(text) + " is not a port: ports are " +
                     std::to_string(grammar.least_port) + " to 65535");
}

StatusOr<Endpoint> parse_unix(const Grammar& grammar, std::string_view text) {
  const std::string_view path = text.substr(kUnixPrefix.size());
  if (path.empty() || path.find('\0') != std::string_view::npos) return not_one(grammar, text);
  if (path.size() > kPathBytesMost) {
    return usage_error(in_quotes(text) + " is too long: the path of a unix socket has at most " +
                       std::to_string(kPathBytesMost) + " bytes");
  }
  return Endpoint::unix_socket(std::string(path));
}

// Texts that are nearly right get a word about what is missing.
base::Status explain(const Grammar& grammar, std::string_view text) {
  const size_t colon = text.rfind(':');
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    return usage_error(in_quotes(text) + " is not " + std::string(grammar.noun) + ": leave out " +
                       in_quotes(text.substr(0, scheme + 3)) + " and any path");
  }
  if (colon == 0 && is_number(text.substr(1))) {
    const std::string port(text.substr(1, 5));
    const bool is_target = grammar.noun == kTarget.noun;
    return usage_error(in_quotes(text) + " names no host: write " + port +
                       " for this machine alone" +
                       (is_target ? "" : ", 0.0.0.0:" + port + " for everybody who can reach it"));
  }
  if (colon != std::string_view::npos && is_number(text.substr(colon + 1)) &&
      is_ipv6(text.substr(0, colon))) {
    return usage_error(in_quotes(text) + " is ambiguous: write [" +
                       std::string(text.substr(0, colon)) + "]" +
                       std::string(text.substr(colon, 6)));
  }
  return not_one(grammar, text);
}

StatusOr<Endpoint> parse(const Grammar& grammar, std::string_view text) {
  if (is_number(text)) {
    const auto port = parse_port(text, grammar.least_port);
    if (!port) return no_port(grammar, text);
    return Endpoint::tcp("", *port);
  }
  const std::optional<HostPort> parts = split_host_port(text);
  if (!parts || !parts->port) return explain(grammar, text);
  const auto port = parse_port(*parts->port, grammar.least_port);
  if (port) return Endpoint::tcp(parts->host, *port);
  return is_number(*parts->port) ? no_port(grammar, *parts->port) : explain(grammar, text);
}

}  // namespace

StatusOr<Endpoint> parse_target(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(kTarget, text);
  return parse(kTarget, text);
}

StatusOr<Endpoint> parse_listen(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(kListen, text);
  if (text != "-") return parse(kListen, text);
  Endpoint standard;
  standard.kind = Endpoint::Kind::kStandard;
  return standard;
}

StatusOr<Endpoint> parse_router_listen(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return not_one(kRouterListen, text);
  return parse(kRouterListen, text);
}

std::optional<uint16_t> parse_port(std::string_view text, uint16_t least) {
  constexpr size_t kDigitsMost = 5;
  if (!is_number(text) || text.size() > kDigitsMost) return std::nullopt;
  unsigned port = 0;
  for (const char c : text) port = port * 10 + static_cast<unsigned>(c - '0');
  if (port < least || port > UINT16_MAX) return std::nullopt;
  return static_cast<uint16_t>(port);
}

std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort parts;
  std::string_view rest;  // the port with its colon
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return std::nullopt;
    parts.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::string_view host = text.substr(0, text.find(':'));
    if (!is_host(host)) return std::nullopt;
    parts.host = host;
    rest = text.substr(host.size());
  }
  if (rest.empty()) return parts;
  if (rest[0] != ':' || rest.find(':', 1) != std::string_view::npos) return std::nullopt;
  parts.port = rest.substr(1);
  return parts;
}

}  // namespace mm::config
