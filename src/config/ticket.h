// SPDX-License-Identifier: MIT
// A ticket: the URL that a share prints and a colleague pastes.
//
//   https://relay.example.com/web#UmFuZG9tIGFzIGl0IGlzLCBhbmQgYSBmaW5nZXJwcmk
//
// What comes after the '#' stays with the two ends: 43 digits of base64url, which are the secret
// (16 bytes) and the fingerprint of the share's key (16); and then, for a router whose certificate
// no authority vouches for, '.' and its pin.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/status.h"
#include "config/config.h"

namespace mm::config {

// The whole URL, which nobody may log.
base::Secret ticket_text(const Ticket& ticket);

// kInvalidArgument, which shows nothing of what comes after the '#'.
base::StatusOr<Ticket> parse_ticket(std::string_view text);

// The router that a ticket names, where a share reaches it as `own`: that, unless it is a private
// address and the router has told a public URL.
RouterUrl router_for_tickets(const RouterUrl& own, std::string_view public_url);

// From now on `common` is about that router: what it has for another one is not shown to it.
void turn_to(const RouterUrl& router, Common& common);

// Something that begins as a URL is a ticket, or is meant for one.
bool is_ticket(std::string_view text);

}  // namespace mm::config
