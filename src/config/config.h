// SPDX-License-Identifier: MIT
// One struct per command: every option, resolved from flag, environment, file and default, in one
// screen. Made by config/resolve.h, read by the commands, which know no flags.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/secret.h"

namespace mm::config {

using Endpoint = base::Address;

// The first half of the SHA-256 of a router's public key (its SubjectPublicKeyInfo, RFC 5280): what
// its certificate is known by where no authority vouches for it.
using Pin = std::array<uint8_t, 16>;

struct RouterUrl {
  bool tls = false;
  std::string host = "127.0.0.1";
  uint16_t port = 6353;
  std::optional<Pin> pin = {};  // only with TLS

  std::string text() const;         // "http://127.0.0.1:6353"; without the pin: whom to speak of
  std::string pinned_text() const;  // and with it, "https://192.0.2.1:6353#PIN": how to get there
  std::string authority() const;    // "127.0.0.1:6353", "[::1]:6353"
  bool operator==(const RouterUrl&) const = default;
};

// What every command has.
struct Common {
  RouterUrl router;
  bool router_is_default = true;    // no source named one
  bool router_is_explicit = false;  // a flag or the environment did
  std::string ca_file;              // empty: the system's roots
  base::Secret pass;                // for `router` alone; empty: none
  std::string identity_command;     // prints a bearer token for what is in front of `router`
  std::vector<std::string> notes;   // what the user should know of all this
  std::string notify_socket;        // of the service manager that wants to know; empty: none
  bool json = false;
  bool plain = false;  // no live screen
  int verbosity = 0;   // -q: -1; -v: 1
};

struct RouterConfig {
  Common common;
  std::vector<Endpoint> listen;  // kTcp only; at least one
  std::string auth_file;         // who may use it (people.h); empty: everybody
  std::string new_pass;          // not to run: to make a pass for the person of this id
  bool allow_anonymous = false;
  bool plaintext = false;
  bool behind_front_end = false;  // all callers come from its address
  std::string tls_cert_file;      // both or neither
  std::string tls_key_file;
  std::string own_key_file;  // TLS with a key of its own making, kept here; empty: not wanted
  std::optional<RouterUrl> public_url;
  std::chrono::milliseconds max_lane_age{0};  // zero: lanes may grow old
  std::optional<Endpoint> admin;              // kTcp; nothing: off
  std::optional<uint64_t> max_connections;
  std::optional<uint64_t> max_memory_bytes;
};

// How long a connection whose other end cannot be reached is kept.
constexpr std::chrono::milliseconds kGrace = std::chrono::minutes(15);

// What opens one service of somebody's (ticket.h).
struct Ticket {
  RouterUrl router;
  std::string service;
  base::Secret secret;                  // 16 bytes
  std::array<uint8_t, 16> share_key{};  // the fingerprint of the key that the share must show
};

struct SharedService {
  std::string name;
  bool name_is_made_up = false;  // taken by another: try name-2, name-3, …
  Endpoint target;
};

struct ShareConfig {
  Common common;
  std::vector<SharedService> services;  // at least one
  std::chrono::milliseconds dial_timeout{10'000};
  std::chrono::milliseconds grace = kGrace;
  std::optional<std::chrono::milliseconds> life;       // ends after so long
  std::optional<std::chrono::milliseconds> idle_life;  // ends after so long without a connection
  std::string keyring_file;                            // empty: there is no home to keep one in
  bool check = false;               // a target that does not answer now is exit code 7
  bool no_wait = false;             // a router that is not there is exit code 5, not waited for
  bool is_encrypted = true;         // end to end
  std::vector<std::string> guests;  // a ticket for each; none: one ticket, for whoever has it
  bool new_tickets = false;         // in place of those that there are
};

struct ConnectedService {
  std::string name;  // its own, or what the configuration file calls it
  std::optional<Ticket> ticket;
  std::string ticket_file;         // where it is still to be read from; "-": standard input
  std::optional<Endpoint> listen;  // nothing: the service's own port number
};

struct ConnectConfig {
  Common common;
  std::vector<ConnectedService> services;  // at least one
  std::chrono::milliseconds hold{15'000};  // how long a connection waits for its service
  std::chrono::milliseconds grace = kGrace;
  std::string keyring_file;   // empty: there is no home to keep one in
  bool no_wait = false;       // an absent service is exit code 4
  bool is_encrypted = true;   // end to end
  bool keeps_tickets = true;  // in the keyring, after their first use
};

struct ListConfig {
  Common common;
  std::vector<std::string> globs;  // of names; none: all
  std::optional<Ticket> ticket;    // its service alone, at its own router
  bool watch = false;              // again and again, until a signal
  bool with_connections = false;   // of one's own services
};

// What to look at beside the way to the router: at most one of the two.
struct DoctorConfig {
  Common common;
  std::optional<Endpoint> target;
  std::optional<ConnectedService> service;
  std::string keyring_file;                    // empty: there is no home to keep one in
  std::chrono::milliseconds patience{10'000};  // how long a stream is watched
};

}  // namespace mm::config
