// SPDX-License-Identifier: MIT
// What a tunnel does when its lane is lost or is to be moved.
#include "unit/tunnel/tunnel_world.h"

using namespace mm;
using namespace mm::test;
using namespace std::chrono_literals;
using wire::Frame;
using World = TunnelWorld;

TEST_CASE("tunnel: after a lost lane it goes on over the next one, where the peer left off") {
  World world;
  world.start_and_greet();
  world.local.incoming = "0123456789";
  LocalSide::fire(world.local.readable);
  world.lane().deliver(data(0, "answer"));
  world.lose_lane();
  CHECK(world.told == std::vector<std::string>{"lost"});
  CHECK(!world.local.saw_reset);
  world.pass(50ms);
  REQUIRE(world.lanes.size() == 2);
  CHECK(world.lane().generation == 1);
  REQUIRE(world.lane().written.size() == 1);
  CHECK(world.lane().written[0].attach->generation == 1);
  CHECK(world.lane().written[0].received == 6);
  CHECK(world.lane().written[0].data.empty());  // the peer says first what it has
  world.greet(4, 1);
  CHECK(world.told == std::vector<std::string>{"lost", "back"});
  REQUIRE(world.lane().written.size() == 2);
  CHECK(world.lane().written[1].offset == 4);
  CHECK(text_of(world.lane().written[1]) == "456789");
}

TEST_CASE("tunnel: a lane that ends with OK before the conduit is done is lost all the same") {
  World world;
  world.start_and_greet();
  world.close_lane(absl::OkStatus());
  world.pass(50ms);
  CHECK(world.lanes.size() == 2);
  CHECK(!world.local.saw_end);
  CHECK(!world.local.saw_reset);
}

TEST_CASE(
    "tunnel: lanes are dialled ever more slowly until the grace is over; then it is a reset") {
  World world;
  world.start_and_greet();
  world.lose_lane();
  while (!world.ended && world.clock.time < base::TimePoint(1h)) {
    world.pass(1s);
    if (world.lanes.back().listener && !world.lanes.back().is_gone) world.lose_lane();
  }
  CHECK(world.clock.time - base::TimePoint() < 15min + 10s);
  CHECK(world.lanes.size() > 200);
  CHECK(world.lanes.size() < 2'000);
  CHECK(world.local.saw_reset);
  CHECK(!world.local.saw_end);
  REQUIRE(world.ending);
  CHECK(world.ending->why == "the other end did not come back in time");
}

TEST_CASE("tunnel: a peer that falls silent is found by its missing heartbeats, not by TCP") {
  World world;
  world.start_and_greet();
  world.pass(15s);
  REQUIRE(world.lane().written.size() == 1);
  CHECK(!world.lane().written[0].attach);  // a heartbeat: no field at all
  world.drain();
  world.pass(29s);
  CHECK(!world.lanes.front().is_gone);
  world.pass(1s);
  CHECK(world.lanes.front().is_gone);
  world.pass(50ms);
  CHECK(world.lanes.size() == 2);
}

TEST_CASE("tunnel: a heartbeat goes out every 15 s for as long as nothing else does") {
  World world;
  world.start_and_greet();
  for (size_t beats = 1; beats <= 8; ++beats) {
    world.lane().deliver(Frame{});  // the peer's
    world.pass(15s);
    REQUIRE(world.lane().written.size() == beats);
    world.lane().answer_write();
  }
}

TEST_CASE("tunnel: a lane that the peer never joins is given up after 15 s, for another one") {
  World world;
  world.start_and_greet();
  world.lose_lane();
  world.pass(50ms);
  CHECK(world.lanes.size() == 2);
  world.pass(15s);
  CHECK(world.lanes[1].is_gone);
  world.pass(50ms);
  CHECK(world.lanes.size() == 3);
}

TEST_CASE("tunnel: a retry waits for nothing, and starts over with short waits") {
  World world;
  world.start_and_greet();
  world.lose_lane();
  for (int i = 0; i < 8; ++i) {
    world.pass(1s);
    world.lose_lane();
  }
  const size_t tried = world.lanes.size();
  world.run();
  REQUIRE(world.lanes.size() == tried);  // it waits for up to a second
  world.tunnel->retry_now();
  CHECK(world.lanes.size() == tried + 1);
  world.lose_lane();
  world.pass(50ms);
  CHECK(world.lanes.size() == tried + 2);
  world.tunnel->retry_now();  // one is on its way
  CHECK(world.lanes.size() == tried + 2);
}

TEST_CASE("tunnel: a move opens the next lane, and leaves the first when the peer is on it") {
  World world;
  world.start_and_greet();
  world.tunnel->move();
  REQUIRE(world.lanes.size() == 2);
  world.local.incoming = "still on the first";
  LocalSide::fire(world.local.readable);
  CHECK(text_of(world.lanes[0].written.back()) == "still on the first");
  CHECK(!world.lanes[0].is_gone);
  world.greet(18, 1);
  CHECK(world.lanes[0].is_gone);
  world.local.incoming = "on the second";
  LocalSide::fire(world.local.readable);
  CHECK(text_of(world.last_frame()) == "on the second");
  CHECK(world.told.empty());  // nothing was lost
}

TEST_CASE("tunnel: a move that nobody follows is tried once more, and leaves the lane as it is") {
  World world;
  world.start_and_greet();
  world.tunnel->move();
  for (size_t tried = 2; tried <= 3; ++tried) {
    world.pass(5s);  // the router's patience
    REQUIRE(world.lanes.size() == tried);
    world.lose_lane();  // the newest
    CHECK(!world.lanes[0].is_gone);
  }
  world.pass(5s);
  CHECK(world.lanes.size() == 3);
  CHECK(world.told.empty());
}

TEST_CASE("tunnel: a move that is refused late, as over a slow network, is tried again as well") {
  World world;
  world.start_and_greet();
  world.tunnel->move();
  world.pass(2s);
  world.lose_lane();
  world.pass(50ms);
  REQUIRE(world.lanes.size() == 3);
  world.greet(18, 2);
  CHECK(world.lanes[0].is_gone);
  CHECK(world.told.empty());
}

TEST_CASE("tunnel: a move that is refused is tried again, for as long as a router may drain") {
  World world;
  world.start_and_greet();
  world.tunnel->move();
  world.lose_lane();  // the second: it came to the router that is about to end
  world.pass(50ms);
  CHECK(world.lanes.size() == 3);
  for (int i = 0; i < 60; ++i) {
    if (!world.lanes.back().is_gone) world.lose_lane();
    world.lanes[0].listener->on_message({});  // a heartbeat
    world.pass(500ms);
  }
  const size_t tried = world.lanes.size();
  CHECK(tried > 10);
  CHECK(tried < 60);
  world.pass(10s);
  CHECK(world.lanes.size() == tried);
  CHECK(!world.lanes[0].is_gone);
  CHECK(world.told.empty());
}

TEST_CASE("tunnel: a peer that asks for a move, or waits on a newer lane, is met") {
  World world;
  world.start_and_greet();
  Frame move;
  move.move = true;
  world.lane().deliver(std::move(move));
  CHECK(world.lanes.size() == 2);
  World other;
  other.start_and_greet();
  other.tunnel->meet(0);  // an announcement of the lane that it is on
  CHECK(other.lanes.size() == 1);
  other.tunnel->meet(1);
  CHECK(other.lanes.size() == 2);
  other.tunnel->meet(2);  // its lane is on the way already
  CHECK(other.lanes.size() == 2);
}

TEST_CASE("tunnel: an ask to move goes to the peer once, with whatever is to be said") {
  World world;
  world.start_and_greet();
  world.tunnel->ask_move();
  REQUIRE(world.lane().written.size() == 1);
  CHECK(world.lane().written[0].move);
  world.drain();
  world.local.incoming = "x";
  LocalSide::fire(world.local.readable);
  CHECK(!world.last_frame().move);
}

TEST_CASE("tunnel: a share that does not hold the conduit resets it, unless nobody had a byte") {
  Frame unknown = hello();
  unknown.reset = wire::Reset{wire::ResetCode::kUnknown, "not here"};
  World fresh;
  fresh.start();
  fresh.lane().answer_write();
  fresh.lane().deliver(Frame(unknown));
  REQUIRE(fresh.refused);
  CHECK(fresh.refused->code() == base::Code::kAborted);
  CHECK(!fresh.local.saw_reset);

  World used;
  used.start_and_greet();
  used.lose_lane();
  used.pass(50ms);
  used.drain();
  unknown.attach->generation = 7;
  used.lane().deliver(std::move(unknown));
  used.run();
  CHECK(!used.refused);
  CHECK(used.local.saw_reset);
}

TEST_CASE("tunnel: a connection that has ended both ways takes a peer's ignorance as its end") {
  World world;
  world.start_and_greet();
  world.local.ended = true;
  LocalSide::fire(world.local.readable);
  world.lane().deliver(fin(0));
  world.drain();
  world.lose_lane();  // our end of stream was not acknowledged
  world.pass(50ms);
  world.drain();
  Frame unknown = hello();
  unknown.attach->generation = 9;
  unknown.reset = wire::Reset{wire::ResetCode::kUnknown, "not here"};
  world.lane().deliver(std::move(unknown));
  world.run();
  REQUIRE(world.ending);
  CHECK(world.ending->is_clean);
  CHECK(world.ended);
}

TEST_CASE("tunnel: a reset that the lane took with it is told again on the next one") {
  World world;
  world.start_and_greet();
  world.tunnel->abort({wire::ResetCode::kStopped, "stopped"});
  world.lose_lane();
  world.pass(50ms);
  REQUIRE(world.lanes.size() == 2);
  world.greet(0, 1);
  CHECK(world.last_frame().reset->code == wire::ResetCode::kStopped);
  world.drain();
  CHECK(world.lane().half_closed);
  world.close_lane(absl::OkStatus());
  world.run();
  CHECK(world.ended);
}

TEST_CASE("tunnel: an older generation's lane is a ghost's, and is left for another one") {
  World world;
  world.start_and_greet();
  world.lose_lane();
  world.pass(50ms);
  world.greet(0, 5);
  world.lose_lane();
  world.pass(1s);
  REQUIRE(world.lanes.size() == 3);
  world.greet(0, 4);
  CHECK(world.lanes[2].is_gone);
  CHECK(!world.local.saw_reset);
}

TEST_CASE("tunnel: a lane refused before the peer spoke leaves the socket alone, for another one") {
  World world;
  world.local.incoming = "early";
  world.start();
  world.lane().answer_write();
  world.close_lane(base::error(base::Code::kNotFound, "unknown token"));
  REQUIRE(world.refused);
  CHECK(world.refused->code() == base::Code::kNotFound);
  CHECK(!world.local.saw_reset);
  world.attach();
  REQUIRE(world.lanes.size() == 2);
  REQUIRE(world.lane().written.size() == 1);
  CHECK(text_of(world.lane().written[0]) == "early");
  CHECK(world.lane().written[0].offset == 0);
  CHECK(world.lane().generation == 0);
}
