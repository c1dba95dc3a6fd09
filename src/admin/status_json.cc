// SPDX-License-Identifier: MIT
#include "admin/status_json.h"

#include <utility>
#include <vector>

#include "config/json.h"

namespace mm::admin {
namespace {

using config::Json;

Json services_of(const Snapshot& snapshot) {
  std::vector<Json> rows;
  for (const Snapshot::Service& row : snapshot.service_rows) {
    rows.push_back(Json::object({{"name", row.name},
                                 {"kind", row.kind},
                                 {"owner", row.owner},
                                 {"create_time_s", row.create_time_s},
                                 {"connections", row.connections},
                                 {"bytes", row.bytes},
                                 {"away", row.is_away}}));
  }
  return Json::list(std::move(rows));
}

Json connections_of(const Snapshot& snapshot) {
  std::vector<Json> rows;
  for (const Snapshot::Connection& row : snapshot.connection_rows) {
    rows.push_back(Json::object({{"id", row.id},
                                 {"service", row.service},
                                 {"caller", row.caller},
                                 {"age_s", row.age_s},
                                 {"up_bytes", row.up_bytes},
                                 {"down_bytes", row.down_bytes}}));
  }
  return Json::list(std::move(rows));
}

}  // namespace

std::string status_json(const Snapshot& snapshot, const ops::ProcessUse& process) {
  Json refusals = Json::object({});
  for (const auto& [reason, count] : snapshot.refusals) refusals.add(reason, count);
  const Json totals = Json::object({{"connections", snapshot.connections_opened},
                                    {"reattaches", snapshot.reattached},
                                    {"moves", snapshot.moves_asked},
                                    {"up_bytes", snapshot.up_bytes},
                                    {"down_bytes", snapshot.down_bytes}});
  const Json limits = Json::object({{"connections", snapshot.most_connections},
                                    {"memory_bytes", snapshot.most_memory_bytes},
                                    {"descriptors", process.most_descriptors}});
  return dump_json(Json::object({{"version", MM_VERSION},
                                 {"instance", snapshot.instance},
                                 {"start_time_s", snapshot.start_time_s},
                                 {"uptime_s", snapshot.uptime_s},
                                 {"draining", snapshot.is_draining},
                                 {"service_count", snapshot.services},
                                 {"connection_count", snapshot.connections},
                                 {"lanes_waiting", snapshot.lanes_waiting},
                                 {"tokens_unused", snapshot.tokens_unused},
                                 {"totals", totals},
                                 {"limits", limits},
                                 {"memory_bytes", process.resident_bytes},
                                 {"descriptors", process.open_descriptors},
                                 {"cpu_ms", static_cast<uint64_t>(process.cpu_s * 1000)},
                                 {"refusals", refusals},
                                 {"services", services_of(snapshot)},
                                 {"connections", connections_of(snapshot)}}));
}

}  // namespace mm::admin
