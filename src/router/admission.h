// SPDX-License-Identifier: MIT
// Admission: who calls, and whether they may do what they ask for. The switchboard asks it about
// every call, before anything is allocated for one (PROTOCOL.md, section "Admission"). Loop only.
// Time comes in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/status.h"
#include "config/people.h"
#include "router/caller.h"

namespace mm::router {

// What a call brings to show who makes it.
struct Credential {
  std::string address;  // Caller::name of somebody unknown
  base::Secret text;    // metadata mindmeld-auth; empty: there is none
};

class Admission {
 public:
  // Everybody may do everything until there are people; `people` may be none.
  void set_people(const std::vector<config::Person>& people);

  // kUnauthenticated: a pass that is not good now, or what is neither pass nor ticket. One text for
  // all of them.
  base::StatusOr<Caller> identify(const Credential& credential, int64_t now_s) const;

  // `service`: empty where it is not known yet, or any. `opens`: whether a ticket of this digest
  // opens it. What was allowed once may be asked about again: people change, and their time ends.
  //   kUnauthenticated   it takes a pass, or the person's is not good any more
  //   kPermissionDenied  the person may not do this
  //   kNotFound          the one answer for whoever is no person: it tells nothing
  using Opens = std::function<bool(const secure::Digest& proof)>;
  base::Status check(const Caller& caller, config::Verb verb, const std::string& service,
                     const Opens& opens, int64_t now_s) const;

  // Somebody's time has ended in (after_s, until_s].
  bool has_expired_between(int64_t after_s, int64_t until_s) const;

 private:
  const config::Person* find(const std::string& id, const secure::Digest& pass,
                             int64_t now_s) const;

  std::optional<std::map<std::string, config::Person>> people_;  // by id; nothing: anybody
};

}  // namespace mm::router
