// SPDX-License-Identifier: MIT
#include "router/refusals.h"

#include "base/check.h"
#include "ops/log.h"

namespace mm::router {
namespace {

constexpr base::Duration kQuiet = std::chrono::seconds(10);  // between two lines of one reason

// README.md says what each means.
constexpr std::string_view kUnusual[] = {
    // Who may.
    "pass", "verb_or_name", "ticket", "no_credential", "pass_ended",
    // Limits (limits.h, transport/guests.h).
    "connections", "connections_per_address", "connections_per_caller", "lanes", "lanes_per_caller",
    "max_connections", "max_memory", "opens_per_second", "services", "services_per_caller",
    "tokens", "tokens_per_caller",
    // Ends that do not do what they should.
    "malformed", "unknown_method", "flood", "registration_wait", "silence", "unread_messages",
    "stuck_reader"};
constexpr std::string_view kUsual[] = {
    // Ends that wait for each other, move, or come too late.
    "no_service", "name", "name_taken", "token", "share_gone", "lane_wait", "newer_lane",
    "replaced_lane", "lane_age", "call_lost", "draining",
    // Whoever looks in at an open port.
    "no_call"};

}  // namespace

Refusals::Refusals() {
  for (const std::string_view reason : kUnusual) reasons_.emplace(reason, Reason{});
  for (const std::string_view reason : kUsual) reasons_.emplace(reason, Reason{.is_usual = true});
}

void Refusals::count(std::string_view reason, std::string_view caller, base::TimePoint now) {
  const auto found = reasons_.find(reason);
  MM_CHECK(found != reasons_.end());
  Reason& entry = found->second;
  ++entry.count;
  ++total_;
  if (entry.logged > 0 && now - entry.logged_at < kQuiet) return;
  ops::log(entry.is_usual ? ops::Level::kDebug : ops::Level::kWarn, "router.refused",
           {{"reason", reason}, {"caller", caller}, {"since_last", entry.count - entry.logged}});
  entry.logged = entry.count;
  entry.logged_at = now;
}

std::vector<std::pair<std::string, uint64_t>> Refusals::counts() const {
  std::vector<std::pair<std::string, uint64_t>> all;
  for (const auto& [name, reason] : reasons_) all.emplace_back(name, reason.count);
  return all;
}

}  // namespace mm::router
