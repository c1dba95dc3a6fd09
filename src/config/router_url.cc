// SPDX-License-Identifier: MIT
#include "config/router_url.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/base64url.h"
#include "base/text.h"
#include "config/endpoint.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::in_quotes;
using base::Status;
using base::StatusOr;

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;
constexpr uint16_t kRouterPort = 6353;

// Host names are alike in any case (RFC 3986, section 6.2.2.1), and origins are compared.
std::string lower_case(std::string text) {
  for (char& c : text) c = 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// What a URL may have and a router's may not. User information is not shown: it holds a password.
Status check_parts(std::string_view text, std::string_view rest) {
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  if (rest.substr(0, end).find('@') != std::string_view::npos) {
    return usage_error("a router's URL has no user or password: leave out everything up to the @");
  }
  std::string_view tail = rest.substr(end);
  if (tail.starts_with("/#") || tail == "/") tail.remove_prefix(1);
  if (tail.empty() || tail[0] == '#') return absl::OkStatus();
  const std::string_view part = tail[0] == '/' ? "path" : "query";
  const size_t kept = text.size() - tail.size();
  return usage_error("a router's URL has no " + std::string(part) + ": write " +
                     base::printable(text.substr(0, kept), 80));
}

}  // namespace

StatusOr<RouterUrl> parse_router_url(std::string_view text) {
  std::optional<std::string> scheme;
  std::string_view rest = text;
  if (const size_t end = text.find(kSchemeEnd); end != std::string_view::npos) {
    scheme = lower_case(std::string(text.substr(0, end)));
    rest = text.substr(end + kSchemeEnd.size());
    if (scheme != "http" && scheme != "https") {
      return usage_error(in_quotes(text.substr(0, end + kSchemeEnd.size())) +
                         " is not for routers: write http:// or https://");
    }
  }
  if (Status status = check_parts(text, rest); !status.ok()) return status;
  const size_t hash = rest.find('#');
  const std::string_view fragment =
      hash == std::string_view::npos ? std::string_view() : rest.substr(hash + 1);
  rest = rest.substr(0, hash);
  if (rest.ends_with('/')) rest.remove_suffix(1);

  const std::optional<HostPort> parts = split_host_port(rest);
  if (!parts) {
    return usage_error(in_quotes(text) +
                       " is not a router: write http://HOST:PORT, https://HOST or HOST:PORT");
  }
  RouterUrl url;
  url.host = lower_case(parts->host);
  url.tls = scheme ? scheme == "https" : !base::is_loopback(url.host);
  url.port = !scheme ? kRouterPort : url.tls ? kHttpsPort : kHttpPort;
  if (hash != std::string_view::npos) {
    url.pin = parse_pin(fragment);
    if (!url.tls || !url.pin) {
      return usage_error("what follows the # of " + in_quotes(text.substr(0, text.find('#'))) +
                         " is no pin: paste the URL that the router printed, in quotes");
    }
  }
  if (!parts->port) return url;
  const auto port = parse_port(*parts->port, 1);
  if (!port) return usage_error(in_quotes(*parts->port) + " is not a port: ports are 1 to 65535");
  url.port = *port;
  return url;
}

std::optional<Pin> parse_pin(std::string_view text) {
  const std::optional<std::string> bytes = base::from_base64url(text);
  Pin pin;
  if (!bytes || bytes->size() != pin.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), pin.begin());
  return pin;
}

std::string RouterUrl::pinned_text() const {
  return text() + (pin ? "#" + base::to_base64url(*pin) : "");
}

std::string RouterUrl::text() const {
  const uint16_t implied = tls ? kHttpsPort : kHttpPort;
  const std::string with_port = authority();
  const std::string shown = port == implied ? with_port.substr(0, with_port.rfind(':')) : with_port;
  return (tls ? "https://" : "http://") + shown;
}

std::string RouterUrl::authority() const { return base::host_port(host, port); }

}  // namespace mm::config
