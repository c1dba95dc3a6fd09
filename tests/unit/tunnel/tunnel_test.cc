// SPDX-License-Identifier: MIT
#include "unit/tunnel/tunnel_world.h"

using namespace mm;
using namespace mm::test;
using namespace std::chrono_literals;
using wire::Frame;
using World = TunnelWorld;

TEST_CASE("tunnel: attach goes out with what the application said already") {
  World world;
  world.local.incoming = "hello";
  world.start();
  REQUIRE(world.lane().written.size() == 1);
  CHECK(world.lane().written[0].attach);
  CHECK(text_of(world.lane().written[0]) == "hello");
}

TEST_CASE("tunnel: bytes that come while a write is out travel together in the next frame") {
  World world;
  world.start_and_greet();
  world.local.incoming = "a";
  LocalSide::fire(world.local.readable);
  world.local.incoming = "b";
  LocalSide::fire(world.local.readable);
  world.local.incoming = "c";
  LocalSide::fire(world.local.readable);
  CHECK(world.lane().written.size() == 1);
  world.lane().answer_write();
  REQUIRE(world.lane().written.size() == 2);
  CHECK(text_of(world.lane().written[1]) == "bc");
}

TEST_CASE("tunnel: a half-close passes, and the other direction goes on") {
  World world;
  world.start_and_greet();
  world.local.ended = true;
  LocalSide::fire(world.local.readable);
  world.drain();
  CHECK(world.last_frame().fin);
  world.lane().deliver(received(1));
  world.lane().deliver(data(0, "a long answer"));
  CHECK(world.local.outgoing == "a long answer");
  CHECK(!world.ending);
  world.lane().deliver(fin(13));
  world.drain();
  CHECK(world.local.saw_end);
  CHECK(!world.local.saw_reset);
  CHECK(world.lane().half_closed);
  world.close_lane(absl::OkStatus());
  world.run();
  REQUIRE(world.ending);
  CHECK(world.ending->is_clean);
  CHECK(world.ending->delivered_bytes == 13);
}

TEST_CASE("tunnel: a slow application gets every byte after the lane has ended in order") {
  World world;
  world.start_and_greet();
  world.local.ended = true;
  LocalSide::fire(world.local.readable);
  world.drain();
  world.local.room = 3;
  Frame all = data(0, "0123456789");
  all.received = 1;
  all.fin = true;
  world.lane().deliver(std::move(all));
  world.drain();
  CHECK(world.lane().half_closed);
  world.close_lane(absl::OkStatus());
  CHECK(!world.local.saw_end);
  world.local.room = 100;
  LocalSide::fire(world.local.writable);
  CHECK(world.local.outgoing == "0123456789");
  CHECK(world.local.saw_end);
  CHECK(!world.local.saw_reset);
  world.run();
  CHECK(world.ending->is_clean);
}

TEST_CASE("tunnel: an application's reset follows its last bytes as a reset") {
  World world;
  world.start_and_greet();
  world.local.incoming = "last words";
  world.local.was_reset = true;
  LocalSide::fire(world.local.readable);
  LocalSide::fire(world.local.readable);
  world.drain();
  REQUIRE(world.lane().written.size() == 2);
  CHECK(text_of(world.lane().written[0]) == "last words");
  REQUIRE(world.lane().written[1].reset);
  CHECK(world.lane().written[1].reset->code == wire::ResetCode::kLocal);
  CHECK(world.lane().half_closed);
}

TEST_CASE("tunnel: a reset after the application's end of stream is still noticed") {
  World world;
  world.start_and_greet();
  world.local.ended = true;
  LocalSide::fire(world.local.readable);
  world.drain();
  world.local.was_reset = true;
  LocalSide::fire(world.local.reset);
  world.drain();
  CHECK(world.last_frame().reset);
}

TEST_CASE("tunnel: a peer's reset reaches the application after the bytes before it") {
  World world;
  world.start_and_greet();
  world.local.room = 0;
  world.lane().deliver(data(0, "tail"));
  Frame reset;
  reset.reset = wire::Reset{wire::ResetCode::kLocal, "the target reset the connection"};
  world.lane().deliver(std::move(reset));
  CHECK(!world.local.saw_reset);
  world.local.room = 100;
  world.local.unacknowledged = 4;
  LocalSide::fire(world.local.writable);
  CHECK(world.local.outgoing == "tail");
  CHECK(!world.local.saw_reset);  // it would discard what the kernel has not delivered
  world.local.unacknowledged = 0;
  world.drain();
  world.close_lane(absl::OkStatus());
  world.run();
  CHECK(world.local.saw_reset);
  CHECK(!world.ending->is_clean);
  CHECK(world.ending->why == "the target reset the connection");
}

TEST_CASE("tunnel: an application that is gone for writing gets no more, and the peer a reset") {
  World world;
  world.start_and_greet();
  world.local.was_reset = true;
  world.lane().deliver(data(0, "nobody is there"));
  world.drain();
  CHECK(world.last_frame().reset);
}

TEST_CASE("tunnel: a frame that breaks a rule resets this connection, and says which rule") {
  World world;
  world.start_and_greet();
  world.lane().deliver(data(5, "gap"));
  world.drain();
  REQUIRE(world.last_frame().reset);
  CHECK(world.last_frame().reset->code == wire::ResetCode::kProtocol);
  CHECK(world.last_frame().reset->text == "a gap in the bytes");
  CHECK(world.local.saw_reset);
}

TEST_CASE("tunnel: bytes are acknowledged after 20 ms when nothing else goes that way") {
  World world;
  world.start_and_greet();
  world.lane().deliver(data(0, "x"));
  CHECK(world.lane().written.empty());
  world.pass(19ms);
  CHECK(world.lane().written.empty());
  world.pass(1ms);
  REQUIRE(world.lane().written.size() == 1);
  CHECK(world.lane().written[0].received == 1);
}

TEST_CASE("tunnel: abort resets both sides and ends") {
  World world;
  world.start_and_greet();
  world.tunnel->abort({wire::ResetCode::kStopped, "stopped"});
  world.drain();
  CHECK(world.last_frame().reset->code == wire::ResetCode::kStopped);
  CHECK(world.local.saw_reset);
  CHECK(world.lane().half_closed);
  world.close_lane(absl::OkStatus());
  world.run();
  CHECK(world.ending->why == "stopped");
}
