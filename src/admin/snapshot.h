// SPDX-License-Identifier: MIT
// Snapshot: what a router tells of itself at one moment. Made on its loop, read by the admin
// thread. Holds no secret: a connection is known by its token's `t=`, as in logs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mm::admin {

struct Snapshot {
  std::string instance;
  int64_t start_time_s = 0;  // Unix time
  uint64_t uptime_s = 0;
  bool is_draining = false;

  // Now.
  size_t services = 0;
  size_t services_away = 0;
  size_t connections = 0;
  size_t lanes_waiting = 0;
  size_t tokens_unused = 0;
  size_t most_connections = 0;     // 0: as many as there are
  uint64_t most_memory_bytes = 0;  // 0: as much as there is

  // Since it started.
  uint64_t connections_opened = 0;
  uint64_t reattached = 0;
  uint64_t moves_asked = 0;
  uint64_t up_bytes = 0;  // from connect to share, frames included
  uint64_t down_bytes = 0;
  std::vector<std::pair<std::string, uint64_t>> refusals;  // every reason that there is

  struct Service {
    std::string name;
    std::string kind;
    std::string owner;
    int64_t create_time_s = 0;
    uint64_t connections = 0;
    uint64_t bytes = 0;
    bool is_away = false;
  };
  struct Connection {
    std::string id;
    std::string service;
    std::string caller;
    uint64_t age_s = 0;  // of its present lanes
    uint64_t up_bytes = 0;
    uint64_t down_bytes = 0;
  };
  // Only where rows are asked for, and the first kRowsMost of each: the oldest services, and the
  // connections that carried most.
  std::vector<Service> service_rows;
  std::vector<Connection> connection_rows;
};

constexpr size_t kRowsMost = 200;

}  // namespace mm::admin
