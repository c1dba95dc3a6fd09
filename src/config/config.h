// SPDX-License-Identifier: MIT
// One struct per command: every option, resolved from flag, environment, file and default, in one
// screen. Made by config/resolve.h, read by the commands, which know no flags.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"

namespace mm::config {

using Endpoint = base::Address;

struct RouterUrl {
  bool tls = false;
  std::string host = "127.0.0.1";
  uint16_t port = 6353;

  std::string text() const;       // "http://127.0.0.1:6353"
  std::string authority() const;  // "127.0.0.1:6353", "[::1]:6353"
  bool operator==(const RouterUrl&) const = default;
};

// What every command has.
struct Common {
  RouterUrl router;
  bool router_is_default = true;  // no source named one
  std::string ca_file;            // empty: the system's roots
  bool json = false;
  int verbosity = 0;  // -q: -1; -v: 1
};

struct RouterConfig {
  Common common;
  std::vector<Endpoint> listen;  // kTcp only; at least one
  bool allow_anonymous = false;
  bool plaintext = false;
  bool behind_front_end = false;  // all callers come from its address, and TLS ends there
  std::string tls_cert_file;      // both or neither
  std::string tls_key_file;
  std::chrono::milliseconds max_lane_age{0};  // zero: lanes may grow old
};

// How long a connection whose other end cannot be reached is kept.
constexpr std::chrono::milliseconds kGrace = std::chrono::minutes(15);

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
  std::string keyring_file;  // empty: there is no home to keep one in
  bool check = false;        // a target that does not answer now is exit code 7
  bool no_wait = false;      // a router that is not there is exit code 5, not waited for
};

struct ConnectedService {
  std::string name;
  std::optional<Endpoint> listen;  // nothing: the service's own port number
};

struct ConnectConfig {
  Common common;
  std::vector<ConnectedService> services;  // at least one
  std::chrono::milliseconds hold{15'000};  // how long a connection waits for its service
  std::chrono::milliseconds grace = kGrace;
  bool no_wait = false;  // an absent service is exit code 4
};

struct ListConfig {
  Common common;
};

}  // namespace mm::config
