// SPDX-License-Identifier: MIT
// The whole in one thread, under one seed and a virtual clock: applications, a connect, a share,
// targets and two routers, all of them the product's own code but for sockets and gRPC (sim/net.h).
// Things go wrong for a while; then they stop going wrong, and everything has to end as promised.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/connector.h"
#include "share/sharer.h"
#include "sim/application.h"
#include "sim/net.h"

namespace mm::sim {

// What goes wrong, and how often: once in so many steps; 0: never.
struct Faults {
  uint64_t cut = 0;             // one call
  uint64_t cut_link = 0;        // every call of one process
  uint64_t pause = 0;           // one process's link, for up to a minute
  uint64_t kill_router = 0;     // and start it again within 3 s
  uint64_t drain_router = 0;    // and leave it for the other one
  uint64_t switch_router = 0;   // new calls reach the other router, the old ones stay
  uint64_t kill_share = 0;      // and start it again within 3 s
  uint64_t change_network = 0;  // of one process, which is told
  uint64_t stall = 0;           // an application takes nothing for up to 20 minutes
  uint64_t lose_lanes = 0;      // whatever lane one process opens is lost, for up to 30 s
  uint64_t hold_up_lanes = 0;   // they come up to 30 s late, for as long
  uint64_t repeat_lane = 0;     // what an end said when it opened one comes again, and is cut
};

struct Plan {
  size_t connections = 1;
  uint64_t bytes_most = 100'000;  // each way
  bool has_resets = false;        // some applications reset in place of their end of stream
  Faults faults{};
  uint64_t steps = 400;                        // while things go wrong, and
  base::Duration lasts{};                      // at least for so long
  std::optional<base::Duration> calls_last{};  // until the network cuts them, as platforms do
  std::optional<Habits> paced{};               // of every application
  bool has_stalled = false;  // the first connection's take nothing until the others are over
  size_t budget_bytes = 64 << 20;
  bool is_encrypted = false;
  bool lanes_age = true;  // routers may have lanes moved, each its own
};

Plan random_plan(test::SeededRandom& random);

struct Outcome {
  size_t done = 0;   // connections that ended in order at both ends
  size_t reset = 0;  // that ended in a reset at either
  size_t lanes = 0;  // that the two ends opened
  uint64_t trace = 0;
  base::Duration longest_wait{};  // of a byte, where applications are paced
};

class World {
 public:
  World(uint64_t seed, const Plan& plan);
  ~World();

  // Runs to the end. What promise was broken, or nothing.
  std::string run(Outcome& outcome);

 private:
  struct Connection {
    Connection(test::SeededRandom& random, size_t tag, const Habits& habits)
        : client(random, tag, habits) {}
    Application client;
    std::deque<Application> servers;  // one for each time that the target was dialled
    bool was_dialled = false;         // by this share
    std::unique_ptr<connect::Connector> connector;
  };

  struct ShareProcess;
  struct ConnectProcess;

  void start_share();
  std::shared_ptr<void> dial(size_t index, share::Dialled dialled);
  Habits habits();
  void step();
  void act(Connection& connection);
  static bool is_all_of(const Application& sender, const Application& receiver);
  void go_wrong();
  void stall_one();
  void stall_first_until(base::TimePoint time);
  void change_network(size_t process);
  void go_on_until_over(size_t first);  // all connections from this one on
  bool advance_time();
  static bool is_over(const Connection& connection);
  void check_end(Outcome& outcome);
  void fail(const std::string& what);

  test::ManualClock clock_;
  const Plan plan_;
  Net net_;
  std::array<Link, 2> links_;  // of the share, of the connect
  std::deque<Connection> connections_;
  std::unique_ptr<ConnectProcess> connect_;
  std::unique_ptr<ShareProcess> share_;
  size_t route_ = 0;
  bool share_was_killed_ = false;
  std::string failure_;
};

}  // namespace mm::sim
