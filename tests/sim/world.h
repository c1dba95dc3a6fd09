// SPDX-License-Identifier: MIT
// The whole in one thread, under one seed and a virtual clock: applications, a connect, a share,
// targets and two routers, all of them the product's own code but for sockets and gRPC (sim/net.h).
// Things go wrong for a while; then they stop going wrong, and everything has to end as promised.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "sim/application.h"
#include "sim/net.h"
#include "sim/plan.h"
#include "sim/process.h"

namespace mm::sim {

struct Outcome {
  size_t done = 0;   // connections that ended in order at both ends
  size_t reset = 0;  // that ended in a reset at either
  size_t reset_at_both = 0;
  uint64_t memory_most = 0;    // of one conduit at one end
  size_t lanes = 0;            // that the two ends opened
  uint64_t lane_messages = 0;  // that arrived
  std::string fates;           // what the applications saw
  uint64_t trace = 0;
  base::Duration longest_wait{};  // of a byte, where applications are paced
  base::Duration over_after{};    // nothing went wrong any more
};

class World {
 public:
  World(uint64_t seed, const Plan& plan);

  // Runs to the end. What promise was broken, or nothing.
  std::string run(Outcome& outcome);

 private:
  struct Connection {
    Connection(test::SeededRandom& random, size_t tag, const Habits& habits)
        : client(random, tag, habits) {}
    Application client;
    std::deque<Application> servers;  // one for each time that the target was dialled
    bool was_dialled = false;         // by this share
    bool client_was_killed = false;   // with its connect, before it was over
  };

  void start_share();
  void start_connect();
  void kill_share();
  void kill_connect();
  void part();
  std::shared_ptr<void> dial(size_t index, share::Dialled dialled);
  Habits habits(bool is_client);
  void step();
  void act(Connection& connection);
  void check_conduits();
  static bool is_all_of(const Application& sender, const Application& receiver);
  void go_wrong();
  void stall_one();
  void stall_first_until(base::TimePoint time);
  void change_network(size_t process);
  void go_on_until_over(size_t first);  // all connections from this one on
  bool advance_time();
  static bool is_over(const Connection& connection);
  void check_end(Outcome& outcome);
  void check_connection(const Connection& connection, Outcome& outcome);
  void fail(const std::string& what);

  test::ManualClock clock_;
  const Plan plan_;
  Net net_;
  std::array<Link, 2> links_;  // of the share, of the connect
  std::deque<Connection> connections_;
  std::unique_ptr<ConnectProcess> connect_;
  std::unique_ptr<ShareProcess> share_;
  size_t route_ = 0;
  bool process_was_killed_ = false;
  std::string failure_;
};

}  // namespace mm::sim
