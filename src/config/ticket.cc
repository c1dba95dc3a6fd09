// SPDX-License-Identifier: MIT
#include "config/ticket.h"

#include <algorithm>
#include <optional>

#include "base/base64url.h"
#include "base/text.h"
#include "config/router_url.h"
#include "config/service.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::Secret;
using base::Status;
using base::StatusOr;

constexpr size_t kSecretBytes = 16;

Status not_whole() {
  return usage_error(
      "the ticket is not whole, or has a typing error: paste the line that the share printed, "
      "in quotes");
}

// What comes after the '#'.
Status parse_fragment(std::string_view text, Ticket& ticket) {
  const size_t dot = text.find('.');
  if (dot != std::string_view::npos) {
    ticket.router.pin = parse_pin(text.substr(dot + 1));
    if (!ticket.router.tls || !ticket.router.pin) return not_whole();
  }
  std::optional<std::string> bytes = base::from_base64url(text.substr(0, dot));
  if (!bytes || bytes->size() != kSecretBytes + ticket.share_key.size()) return not_whole();
  ticket.secret = Secret(bytes->substr(0, kSecretBytes));
  std::copy(bytes->begin() + kSecretBytes, bytes->end(), ticket.share_key.begin());
  base::wipe(*bytes);
  return absl::OkStatus();
}

}  // namespace

bool is_ticket(std::string_view text) { return text.find(kSchemeEnd) != std::string_view::npos; }

void turn_to(const RouterUrl& router, Common& common) {
  common.router_is_default = false;
  if (router == common.router) return;
  common.router = router;
  common.pass = Secret();
  common.identity_command.clear();
}

RouterUrl router_for_tickets(const RouterUrl& own, std::string_view public_url) {
  if (!base::is_private(own.host) || public_url.empty()) return own;
  const auto router = parse_router_url(public_url);
  return router.ok() ? *router : own;
}

Secret ticket_text(const Ticket& ticket) {
  std::string bytes(ticket.secret.reveal());
  bytes.append(ticket.share_key.begin(), ticket.share_key.end());
  std::string text =
      ticket.router.text() + "/" + ticket.service + "#" +
      base::to_base64url({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  base::wipe(bytes);
  if (ticket.router.pin) text += "." + base::to_base64url(*ticket.router.pin);
  return Secret(std::move(text));
}

StatusOr<Ticket> parse_ticket(std::string_view text) {
  const size_t hash = text.find('#');
  const std::string_view place = text.substr(0, hash);
  const size_t scheme = place.find(kSchemeEnd);
  if (hash == std::string_view::npos || scheme == std::string_view::npos) return not_whole();
  const size_t slash = place.find('/', scheme + kSchemeEnd.size());
  if (slash == std::string_view::npos) return not_whole();
  Ticket ticket;
  auto router = parse_router_url(place.substr(0, slash));
  if (!router.ok()) return base::within(router.status(), "the ticket");
  ticket.router = *std::move(router);
  ticket.service = place.substr(slash + 1);
  if (Status status = check_name(ticket.service); !status.ok()) {
    return base::within(status, "the ticket");
  }
  if (Status status = parse_fragment(text.substr(hash + 1), ticket); !status.ok()) return status;
  return ticket;
}

}  // namespace mm::config
