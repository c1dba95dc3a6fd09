// SPDX-License-Identifier: MIT
// What one run of the simulation is given: who does what, and what goes wrong meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "sim/application.h"
#include "unit/seeded_random.h"

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
  uint64_t kill_connect = 0;    // its applications with it; and start it again within 3 s
};

struct Plan {
  size_t connections = 1;
  uint64_t bytes_most = 100'000;  // each way
  bool has_resets = false;        // some applications reset in place of their end of stream
  Faults faults{};
  uint64_t steps = 400;                           // while things go wrong, and
  base::Duration lasts{};                         // at least for so long
  std::optional<base::Duration> calls_last{};     // until the network cuts them, as platforms do
  std::optional<std::array<Habits, 2>> habits{};  // of the clients, of the targets
  bool is_refused = false;                        // by every target
  std::optional<uint64_t> cut_at{};  // a lane, once so many of all lanes' messages have arrived
  bool has_stalled = false;  // the first connection's take nothing until the others are over
  std::optional<base::Duration> partition{};  // one link's or both, within the first minute
  size_t budget_bytes = 64 << 20;
  bool is_encrypted = false;
  bool lanes_age = true;  // routers may have lanes moved, each its own
};

Plan random_plan(test::SeededRandom& random);

}  // namespace mm::sim
