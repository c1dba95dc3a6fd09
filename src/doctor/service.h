// SPDX-License-Identifier: MIT
// One service, as somebody who connects to it would see it: is it shared, is its share the one that
// the ticket names, does its target answer. Opens one connection to the target, says nothing on it,
// and ends it.
#pragma once

#include "base/status.h"
#include "doctor/context.h"
#include "secure/identity.h"

namespace mm::doctor {

// What opens the service, and whose it has to be.
struct Key {
  std::string remote_name;  // what the router calls it
  base::Secret secret;
  secure::Fingerprint share_key{};
  bool is_own = false;  // of this user's keyring: there is no ticket
};

// By the ticket that was given, or that the keyring has kept under its name, which names the
// router, too: `common` turns to that. Else by the user's own key. kInvalidArgument, kUnavailable,
// kPermissionDenied: as the keyring says.
base::StatusOr<Key> find_key(const config::DoctorConfig& config, base::Random& random,
                             config::Common& common);

// Require: check_way().
void check_service(const Context& context, const Key& key);

}  // namespace mm::doctor
