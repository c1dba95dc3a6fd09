// SPDX-License-Identifier: MIT
#include "tunnel/tunnel_set.h"

#include <doctest/doctest.h>

#include <deque>
#include <memory>

#include "unit/manual_clock.h"
#include "unit/seeded_random.h"
#include "unit/tunnel/fakes.h"
#include "unit/tunnel/tunnel_world.h"

using namespace mm;
using namespace mm::test;
using namespace std::chrono_literals;

namespace {

// A set of tunnels between applications and lanes that a test plays, and that is told to stop.
struct Stopping final : tunnel::Tunnel::Owner {
  ManualClock clock;
  net::Loop loop{clock};
  SeededRandom random{1};
  std::deque<LocalSide> locals;
  std::deque<LaneSide> lanes;
  tunnel::TunnelSet set{loop, random, {}, 64 << 20};
  bool is_empty = false;

  void on_refused(tunnel::Tunnel&, const base::Status&) override {}
  void on_lane_lost(tunnel::Tunnel&, const base::Status&) override {}
  void on_lane_back(tunnel::Tunnel&) override {}
  void on_move_asked(tunnel::Tunnel&) override {}
  void on_local_over(tunnel::Tunnel&, const tunnel::Tunnel::Ending&) override {}
  void on_ended(tunnel::Tunnel&) override {}

  void open() {
    tunnel::Tunnel& opened = set.open(*this, "0badcafe", "application");
    opened.set_local(std::make_unique<FakeStream>(locals.emplace_back()));
    opened.attach([this](uint64_t generation, wire::Lane::Listener& listener) {
      lanes.emplace_back().generation = generation;
      return std::make_unique<FakeLane>(lanes.back(), listener);
    });
    lanes.back().answer_write();
    lanes.back().deliver(hello());
  }
  // The application resets it, and the network has forgotten its lane.
  void reset_unheard() {
    locals.back().was_reset = true;
    LocalSide::fire(locals.back().reset);
    LocalSide::fire(locals.back().readable);
    pass(0s);
  }
  void stop() {
    set.stop([this] { is_empty = true; });
    pass(0s);
  }
  void pass(base::Duration time) {
    clock.time += time;
    for (int turn = 0; turn < 3; ++turn) loop.run_due();
  }
};

}  // namespace

TEST_CASE("tunnel set: a process that stops leaves 2 s to a connection, and 2 s to its reset") {
  Stopping world;
  world.open();
  world.stop();
  world.pass(1900ms);
  CHECK(!world.locals[0].saw_reset);
  world.pass(100ms);
  CHECK(world.locals[0].saw_reset);
  REQUIRE(world.lanes[0].written.back().reset);
  CHECK(world.lanes[0].written.back().reset->code == wire::ResetCode::kStopped);
  world.pass(1900ms);
  CHECK(!world.is_empty);
  world.pass(100ms);
  CHECK(world.is_empty);
}

TEST_CASE("tunnel set: what is over at this end has had its time when the first 2 s are over") {
  Stopping world;
  world.open();
  world.reset_unheard();
  REQUIRE(world.set.open_count() == 0);
  REQUIRE(world.set.size() == 1);
  world.stop();
  world.pass(1900ms);
  CHECK(!world.is_empty);
  world.pass(100ms);
  CHECK(world.is_empty);
}

TEST_CASE("tunnel set: a hurried stop resets at once, and waits half a second") {
  Stopping world;
  world.open();
  world.stop();
  world.set.hurry();
  CHECK(world.locals[0].saw_reset);
  world.pass(400ms);
  CHECK(!world.is_empty);
  world.pass(100ms);
  CHECK(world.is_empty);
}

TEST_CASE("tunnel set: what is over at this end has its half second in a hurried stop, too") {
  Stopping world;
  world.open();
  world.reset_unheard();
  world.stop();
  world.set.hurry();
  world.pass(400ms);
  CHECK(!world.is_empty);
  world.pass(100ms);
  CHECK(world.is_empty);
}

TEST_CASE("tunnel set: with nothing open a stop is over at once") {
  Stopping world;
  world.stop();
  CHECK(world.is_empty);
}
