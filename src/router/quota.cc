// SPDX-License-Identifier: MIT
#include "router/quota.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"

namespace mm::router {

size_t Quota::take_opens(const Caller& caller, size_t count, base::TimePoint now) {
  if (!caller.is_known()) return count;
  Use& use = use_of(caller, now);
  const size_t taken = std::min(count, static_cast<size_t>(use.opens));
  use.opens -= static_cast<double>(taken);
  return taken;
}

bool Quota::has_room(const Caller& caller) const {
  const auto found = uses_.find(caller.name);
  return !caller.is_known() || found == uses_.end() ||
         found->second.connections < limits_.connections_per_caller;
}

void Quota::opened(const Caller& caller, base::TimePoint now) {
  if (caller.is_known()) ++use_of(caller, now).connections;
}

void Quota::closed(const Caller& caller) {
  if (!caller.is_known()) return;
  const auto found = uses_.find(caller.name);
  MM_CHECK(found != uses_.end() && found->second.connections > 0);
  --found->second.connections;
}

Quota::Use& Quota::use_of(const Caller& caller, base::TimePoint now) {
  const auto rate = static_cast<double>(limits_.opens_per_second);
  const double most = rate * 2;  // two seconds' worth may come at once
  const auto opens_now = [&](const Use& use) {
    const double elapsed_s = std::chrono::duration<double>(now - use.counted).count();
    return std::min(most, use.opens + rate * elapsed_s);
  };
  auto found = uses_.find(caller.name);
  if (found == uses_.end()) {
    // Tickets come and go: who has used nothing for a while is forgotten.
    std::erase_if(uses_, [&](const auto& each) {
      return each.second.connections == 0 && opens_now(each.second) >= most;
    });
    found = uses_.emplace(caller.name, Use{.opens = most, .counted = now}).first;
  }
  Use& use = found->second;
  use.opens = opens_now(use);
  use.counted = now;
  return use;
}

}  // namespace mm::router
