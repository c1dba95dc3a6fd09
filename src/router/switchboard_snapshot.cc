// SPDX-License-Identifier: MIT
// What the switchboard shows of itself (admin/snapshot.h).
#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "router/switchboard.h"

namespace mm::router {
namespace {

uint64_t seconds(base::Duration time) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

admin::Snapshot::Service row_of(const Service& service) {
  return {.name = service.name,
          .kind = service.kind,
          .owner = service.label,
          .create_time_s = service.create_time_s,
          .connections = service.traffic->connections.load(std::memory_order_relaxed),
          .bytes = service.traffic->bytes.load(std::memory_order_relaxed),
          .is_away = service.share == nullptr};
}

}  // namespace

admin::Snapshot Switchboard::snapshot(bool wants_rows) const {
  const base::TimePoint now = loop_.clock().now();
  admin::Snapshot all;
  all.instance = instance_;
  all.start_time_s = start_time_s_;
  all.uptime_s = seconds(now - start_time_);
  all.is_draining = is_draining_;
  all.connections = current_.size();
  all.lanes_waiting = rendezvous_.waiting_count();
  all.tokens_unused = rendezvous_.token_count();
  if (limits_.connections != Limits().connections) all.most_connections = limits_.connections;
  all.most_memory_bytes = limits_.memory_bytes;
  all.connections_opened = connections_opened_;
  all.reattached = reattached_;
  all.moves_asked = moves_asked_;
  all.up_bytes = bytes_[static_cast<size_t>(Role::kConnect)];
  all.down_bytes = bytes_[static_cast<size_t>(Role::kShare)];
  std::unordered_set<const Bridge*> counted;  // a bridge is there for each of its lanes
  for (const auto& [lane, open] : bridges_) {
    if (!counted.insert(open.bridge.get()).second) continue;
    all.up_bytes += open.bridge->bytes_from(Role::kConnect);
    all.down_bytes += open.bridge->bytes_from(Role::kShare);
  }
  all.refusals = refusals_.counts();
  const std::vector<const Service*> services = registry_.oldest_first();
  all.services = services.size();
  for (const Service* service : services) {
    if (!service->share) ++all.services_away;
    if (wants_rows && all.service_rows.size() < admin::kRowsMost) {
      all.service_rows.push_back(row_of(*service));
    }
  }
  if (wants_rows) all.connection_rows = busiest([](const Open&) { return true; });
  return all;
}

std::vector<admin::Snapshot::Connection> Switchboard::connections_of(
    const Service& service, const Credential& credential) const {
  const auto caller = admission_.identify(credential, base::unix_time_s());
  const bool is_own = caller.ok() && (caller->kind == Caller::Kind::kAnybody ||
                                      (caller->is_person() && caller->name == service.label));
  if (!is_own) return {};
  return busiest([&](const Open& open) { return open.service == service.name; });
}

std::vector<admin::Snapshot::Connection> Switchboard::busiest(
    const std::function<bool(const Open&)>& is_wanted) const {
  const base::TimePoint now = loop_.clock().now();
  std::vector<std::pair<uint64_t, const Open*>> all;
  for (const auto& [token, open] : current_) {
    if (!is_wanted(open)) continue;
    all.emplace_back(
        open.bridge->bytes_from(Role::kConnect) + open.bridge->bytes_from(Role::kShare), &open);
  }
  const size_t count = std::min(all.size(), admin::kRowsMost);
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(count), all.end(),
                    [](const auto& left, const auto& right) {
                      return left.first != right.first ? left.first > right.first
                                                       : left.second->id < right.second->id;
                    });
  all.resize(count);
  std::vector<admin::Snapshot::Connection> rows;
  for (const auto& [bytes, open] : all) {
    rows.push_back({.id = open->id,
                    .service = open->service,
                    .caller = open->callers[static_cast<size_t>(Role::kConnect)].name,
                    .age_s = seconds(now - open->joined_time),
                    .up_bytes = open->bridge->bytes_from(Role::kConnect),
                    .down_bytes = open->bridge->bytes_from(Role::kShare)});
  }
  return rows;
}

}  // namespace mm::router
