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

#include "connect/connector.h"
#include "share/sharer.h"
#include "sim/net.h"
#include "unit/tunnel/fakes.h"

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
};

struct Plan {
  size_t connections = 1;
  uint64_t bytes_most = 100'000;  // each way
  bool has_resets = false;        // some applications reset in place of their end of stream
  Faults faults;
  uint64_t steps = 400;  // while things go wrong
  size_t budget_bytes = 64 << 20;
};

Plan random_plan(test::SeededRandom& random);

struct Outcome {
  size_t done = 0;   // connections that ended in order at both ends
  size_t reset = 0;  // that ended in a reset at either
  uint64_t trace = 0;
};

class World {
 public:
  World(uint64_t seed, const Plan& plan);
  ~World();

  // Runs to the end. What promise was broken, or nothing.
  std::string run(Outcome& outcome);

 private:
  // One end of a forwarded connection, as its application sees it.
  struct Application {
    test::LocalSide side;
    uint64_t to_write = 0;
    uint64_t written = 0;
    uint64_t got = 0;
    bool resets = false;  // at the end, in place of an end of stream
    bool closed = false;
    bool is_connected = false;
  };

  struct Connection {
    Application client;
    std::deque<Application> servers;  // one for each time that the target was dialled
    size_t dials_by_this_share = 0;
    std::unique_ptr<connect::Connector> connector;
  };

  struct ShareProcess;
  struct ConnectProcess;

  void start_share();
  std::shared_ptr<void> dial(size_t index, share::Dialled dialled);
  void step();
  void act(size_t index);
  void write(Application& application, size_t tag);
  void read(Application& application, size_t tag, const Connection& connection, bool is_client);
  void go_wrong();
  void change_network(size_t process);
  bool advance_time();
  bool is_over(const Connection& connection) const;
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
  bool was_harsh_ = false;  // connections may have been reset by what went wrong
  std::string failure_;
};

}  // namespace mm::sim
