// SPDX-License-Identifier: MIT
#include "config/service.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/endpoint.h"
#include "config/ticket.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::in_quotes;
using base::Status;
using base::StatusOr;

constexpr size_t kNameBytesMost = 63;    // a DNS label's
constexpr size_t kSuffixBytesMost = 40;  // of a made-up name; the rest is for the user's

bool is_alphanumeric(char c) { return ('a' <= c && c <= 'z') || ('0' <= c && c <= '9'); }

bool is_allowed(char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; }

bool is_all_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Reduced to the alphabet of names; it may begin with a '-'.
std::string reduced(std::string_view text) {
  std::string out;
  for (char c : text) {
    if ('A' <= c && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    out += is_allowed(c) ? c : '-';
  }
  return out;
}

std::string made_up_name(std::string_view user, const Endpoint& target) {
  const std::string_view file = std::string_view(target.path).substr(target.path.rfind('/') + 1);
  const bool is_tcp = target.kind == Endpoint::Kind::kTcp;
  const std::string suffix =
      "-" + (is_tcp ? std::to_string(target.port) : reduced(file.substr(0, kSuffixBytesMost)));
  std::string prefix = reduced(user.substr(0, kNameBytesMost - suffix.size()));
  const auto first = std::find_if(prefix.begin(), prefix.end(), is_alphanumeric);
  prefix.erase(prefix.begin(), first);
  return (prefix.empty() ? "me" : prefix) + suffix;
}

// "web" alone is the name of a service to be, whose target was forgotten.
Status no_target(std::string_view argument, Status status) {
  if (!check_name(argument).ok() || is_all_digits(argument)) return status;
  return usage_error(in_quotes(argument) + " is not a target: did you mean " +
                     std::string(argument) + "=3000?");
}

// "web:8080" is how other programs have it.
Status no_name(std::string_view argument, Status status) {
  const size_t colon = argument.find(':');
  if (colon == std::string_view::npos || !check_name(argument.substr(0, colon)).ok() ||
      !parse_port(argument.substr(colon + 1), 0)) {
    return status;
  }
  std::string meant(argument);
  meant[colon] = '=';
  return usage_error(in_quotes(argument) + " is not a service: did you mean " + meant + "?");
}

}  // namespace

Status check_name(std::string_view name, std::string_view whose) {
  if (!name.empty() && name.size() <= kNameBytesMost && is_alphanumeric(name[0]) &&
      std::all_of(name.begin(), name.end(), is_allowed)) {
    return absl::OkStatus();
  }
  return usage_error(in_quotes(name) + " cannot be " + std::string(whose) +
                     ": use a-z, 0-9, '.', '_' and '-', at most 63, beginning with a letter or " +
                     "digit");
}

StatusOr<SharedService> parse_shared(std::string_view argument, std::string_view user) {
  // A path may hold a '='.
  const size_t equals = argument.starts_with("unix:") ? std::string_view::npos : argument.find('=');
  SharedService service;
  if (equals == std::string_view::npos) {
    auto target = parse_target(argument);
    if (!target.ok()) return no_target(argument, target.status());
    service.target = *std::move(target);
    service.name = made_up_name(user, service.target);
    service.name_is_made_up = true;
    return service;
  }
  service.name = argument.substr(0, equals);
  if (Status status = check_name(service.name); !status.ok()) return status;
  if (equals + 1 == argument.size()) {
    return usage_error(in_quotes(argument) + " has no target: write " + service.name + "=3000");
  }
  auto target = parse_target(argument.substr(equals + 1));
  if (!target.ok()) return base::within(target.status(), service.name);
  service.target = *std::move(target);
  return service;
}

StatusOr<ConnectedService> parse_connected(std::string_view argument) {
  const bool has_ticket = is_ticket(argument);
  // What comes after a ticket's '#' is a secret, so nothing of it is shown.
  const size_t begin = has_ticket ? std::min(argument.find('#'), argument.size()) : 0;
  const size_t equals = argument.find('=', begin);
  ConnectedService service;
  if (has_ticket) {
    auto ticket = parse_ticket(argument.substr(0, equals));
    if (!ticket.ok()) return ticket.status();
    service.name = ticket->service;
    service.ticket = *std::move(ticket);
  } else {
    service.name = argument.substr(0, equals);
    if (Status status = check_name(service.name); !status.ok()) return no_name(argument, status);
  }
  if (equals == std::string_view::npos) return service;
  if (equals + 1 == argument.size()) {
    return usage_error(in_quotes(service.name + "=") + " has no address: write " + service.name +
                       "=8080, or " + service.name + " for the service's own port number");
  }
  auto listen = parse_listen(argument.substr(equals + 1));
  if (!listen.ok()) return base::within(listen.status(), service.name);
  service.listen = *std::move(listen);
  return service;
}

bool is_target(std::string_view argument) {
  return !is_ticket(argument) &&
         (argument.find(':') != std::string_view::npos || is_all_digits(argument));
}

}  // namespace mm::config
