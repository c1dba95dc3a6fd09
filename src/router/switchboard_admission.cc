// SPDX-License-Identifier: MIT
// How the switchboard asks admission about who calls, and about who is here already.
#include <utility>

#include "router/switchboard.h"

namespace mm::router {

base::Status Switchboard::check(const Caller& caller, config::Verb verb,
                                const std::string& service) const {
  const auto opens = [&](const secure::Digest& proof) {
    return registry_.is_opened_by(service, proof);
  };
  return admission_.check(caller, verb, service, opens, base::unix_time_s());
}

base::StatusOr<Caller> Switchboard::admit(const Credential& credential, config::Verb verb,
                                          const std::string& service) {
  base::StatusOr<Caller> caller = admission_.identify(credential, base::unix_time_s());
  if (!caller.ok()) {
    refused("pass", credential.address);
    return caller;
  }
  base::Status status = check(*caller, verb, service);
  if (status.ok()) return caller;
  refused(caller->is_person()  ? "verb_or_name"
          : caller->is_known() ? "ticket"
                               : "no_credential",
          caller->name);
  return status;
}

void Switchboard::set_people(const std::vector<config::Person>& people) {
  admission_.set_people(people);
  enforce();
}

// The clock may have been set back since: then all of its time is looked at again.
void Switchboard::end_expired() {
  const int64_t now_s = base::unix_time_s();
  if (admission_.has_expired_between(std::exchange(looked_s_, now_s), now_s)) enforce();
}

// Tickets are not asked about again: whose are withdrawn is for their share to cut off.
void Switchboard::enforce() {
  const auto is_out = [this](const Caller& caller, Role role, const std::string& service) {
    const config::Verb verb = role == Role::kShare ? config::kMayShare : config::kMayConnect;
    return caller.is_person() && !check(caller, verb, service).ok();
  };
  for (const auto& [service, stream] : registry_.streams()) {
    if (!is_out(stream->caller(), Role::kShare, service)) continue;
    refused("pass_ended", stream->caller().name);
    stream->end(check(stream->caller(), config::kMayShare, service));
  }
  rendezvous_.refuse(
      [&](const LaneRequest& each) { return is_out(each.caller, each.role, each.service); },
      "pass_ended",
      base::error(base::Code::kUnauthenticated, "this pass is not valid here any more"));
  std::vector<base::Token> due;
  for (const auto& [token, open] : current_) {
    for (const Role role : {Role::kShare, Role::kConnect}) {
      if (!is_out(open.callers[static_cast<size_t>(role)], role, open.service)) continue;
      refused("pass_ended", open.callers[static_cast<size_t>(role)].name);
      due.push_back(token);
      break;
    }
  }
  for (const base::Token& token : due) end_bridge(token, LaneEnd::kNotAdmitted);
}

}  // namespace mm::router
