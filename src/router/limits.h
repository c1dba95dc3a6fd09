// SPDX-License-Identifier: MIT
// Every limit of the router in one place: what it holds, for how long, and for how many. A test
// shortens the times; nobody else changes one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/clock.h"

namespace mm::router {

// Of a share_instance.
constexpr size_t kInstanceBytesMost = 64;

struct Limits {
  // Tokens that were minted and not used yet. Each connect keeps up to 16 in hand, and an office
  // behind one address has many of them, for many services each.
  base::Duration token_life = std::chrono::minutes(10);
  size_t tokens_per_caller = 4'096;
  size_t tokens = 8'192;
  size_t tokens_per_call = 16;

  // Lanes that wait for the other end. The wait is shorter than an end's patience for the peer's
  // first frame (15 s), so that two ends on two routers behind one address soon meet on one.
  base::Duration lane_wait = std::chrono::seconds(5);
  size_t lanes_per_caller = 4'096;  // after a router's restart all of an office's come at once
  size_t lanes = 8'192;

  // Control streams. Three heartbeats of 15 s, then it counts as gone.
  base::Duration registration_wait = std::chrono::seconds(10);
  base::Duration silence = std::chrono::seconds(45);
  size_t messages_unsent = 1'024;  // a share that does not read its forwards is as good as gone
  size_t services = 10'000;

  // Of each person and each ticket (quota.h). What a program that runs wild meets, and no user.
  size_t services_per_caller = 256;
  size_t connections_per_caller = 4'096;
  size_t opens_per_second = 5'000;

  // Of the whole router, as its operator says (--max-connections, --max-memory). At the second no
  // new connection is taken; zero: there is none.
  size_t connections = std::numeric_limits<size_t>::max();
  uint64_t memory_bytes = 0;

  // A service whose share was lost is listed as away for as long as its connections wait for it:
  // the ends' grace.
  base::Duration away = std::chrono::minutes(15);
  // Loss of a share's lanes and of its control stream are seen at most so far apart.
  base::Duration away_notice = std::chrono::seconds(60);

  // Bridges are moved to new lanes at this age, drawn from its last tenth so that they do not all
  // go at once; and cut if that did not come about in time. Zero: never.
  base::Duration lane_age{0};
  base::Duration move_patience = std::chrono::seconds(60);

  // A call that was told to end and is stuck in a write, because its reader stopped, is cancelled.
  base::Duration end_patience = std::chrono::seconds(2);

  // After SIGTERM: for the open lanes to end by themselves, and for everything. Cloud Run kills
  // after 10 s.
  base::Duration drain = std::chrono::seconds(2);
  base::Duration stop = std::chrono::seconds(8);

  // Behind a front end all callers have one address, and a limit for it would hit everybody. Who
  // is known by a pass or a ticket is limited by that.
  bool is_behind_front_end = false;
};

}  // namespace mm::router
