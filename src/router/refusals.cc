// SPDX-License-Identifier: MIT
#include "router/refusals.h"

#include "ops/log.h"

namespace mm::router {
namespace {

constexpr base::Duration kQuiet = std::chrono::seconds(10);  // between two lines of one reason

}  // namespace

void Refusals::count(std::string_view reason, std::string_view caller, base::TimePoint now) {
  auto found = reasons_.find(reason);
  if (found == reasons_.end()) found = reasons_.emplace(reason, Reason{}).first;
  Reason& entry = found->second;
  ++entry.count;
  ++total_;
  if (entry.logged > 0 && now - entry.logged_at < kQuiet) return;
  ops::log(ops::Level::kWarn, "router.refused",
           {{"reason", reason}, {"caller", caller}, {"since_last", entry.count - entry.logged}});
  entry.logged = entry.count;
  entry.logged_at = now;
}

}  // namespace mm::router
