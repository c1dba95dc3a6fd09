// SPDX-License-Identifier: MIT
#include "tunnel/tunnel.h"

#include <doctest/doctest.h>

#include "base/check.h"
#include "unit/tunnel/fakes.h"

using namespace mm;
using test::FakeLane;
using test::FakeStream;
using test::LaneSide;
using test::LocalSide;
using tunnel::Tunnel;
using wire::Frame;

namespace {

Frame hello() {
  Frame frame;
  frame.attach = wire::Attach{};
  frame.received = 0;
  frame.limit = wire::kFloorBytes;
  return frame;
}

Frame data(uint64_t offset, std::string_view text) {
  Frame frame;
  frame.offset = offset;
  if (!text.empty()) frame.data.push_back(base::Bytes::copy_of(text));
  return frame;
}

Frame fin(uint64_t offset) {
  Frame frame = data(offset, "");
  frame.fin = true;
  return frame;
}

Frame received(uint64_t offset) {
  Frame frame;
  frame.received = offset;
  return frame;
}

std::string text_of(const Frame& frame) {
  std::string text;
  for (const base::Bytes& piece : frame.data) text += piece.text();
  return text;
}

// One tunnel between a fake application and a fake lane.
struct World final : Tunnel::Owner {
  net::Loop loop;
  wire::Budget budget;
  LocalSide local;
  LaneSide lane;
  Tunnel tunnel{loop, budget, *this, "0badcafe", "application"};
  std::optional<Tunnel::Ending> ending;
  std::optional<base::Status> refused;

  void on_lane_refused(Tunnel&, const base::Status& status) override { refused = status; }
  void on_ended(Tunnel&, const Tunnel::Ending& how) override {
    ending = how;
    loop.stop();
  }

  void start() {
    tunnel.set_local(std::make_unique<FakeStream>(local));
    tunnel.attach([this](wire::Lane::Listener& listener) {
      return std::make_unique<FakeLane>(lane, listener);
    });
  }
  void start_and_greet() {
    start();
    lane.answer_write();
    lane.deliver(hello());
    lane.written.clear();
  }
  // Answers writes until there is none.
  void drain() {
    while (lane.busy) lane.answer_write();
  }
  Frame last_frame() {
    REQUIRE(!lane.written.empty());
    return lane.written.back();
  }
  void close_lane(const base::Status& status) { tunnel.on_closed(status); }
  void run() { loop.run(); }
};

}  // namespace

TEST_CASE("tunnel: attach goes out with what the application said already") {
  World world;
  world.local.incoming = "hello";
  world.start();
  REQUIRE(world.lane.written.size() == 1);
  CHECK(world.lane.written[0].attach);
  CHECK(text_of(world.lane.written[0]) == "hello");
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
  CHECK(world.lane.written.size() == 1);
  world.lane.answer_write();
  REQUIRE(world.lane.written.size() == 2);
  CHECK(text_of(world.lane.written[1]) == "bc");
}

TEST_CASE("tunnel: a half-close passes, and the other direction goes on") {
  World world;
  world.start_and_greet();
  world.local.ended = true;
  LocalSide::fire(world.local.readable);
  world.drain();
  CHECK(world.last_frame().fin);
  world.lane.deliver(received(1));
  world.lane.deliver(data(0, "a long answer"));
  CHECK(world.local.outgoing == "a long answer");
  CHECK(!world.ending);
  world.lane.deliver(fin(13));
  world.drain();
  CHECK(world.local.saw_end);
  CHECK(!world.local.saw_reset);
  CHECK(world.lane.half_closed);
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
  world.lane.deliver(std::move(all));
  world.drain();
  CHECK(world.lane.half_closed);
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
  REQUIRE(world.lane.written.size() == 2);
  CHECK(text_of(world.lane.written[0]) == "last words");
  REQUIRE(world.lane.written[1].reset);
  CHECK(world.lane.written[1].reset->code == wire::ResetCode::kLocal);
  CHECK(world.lane.half_closed);
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
  world.lane.deliver(data(0, "tail"));
  Frame reset;
  reset.reset = wire::Reset{wire::ResetCode::kLocal, "the target reset the connection"};
  world.lane.deliver(std::move(reset));
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
  world.lane.deliver(data(0, "nobody is there"));
  world.drain();
  CHECK(world.last_frame().reset);
}

TEST_CASE("tunnel: a lost lane is a reset for the application, never an end of stream") {
  World world;
  world.start_and_greet();
  world.lane.deliver(data(0, "part"));
  world.close_lane(base::error(base::Code::kUnavailable, "gone"));
  CHECK(world.local.saw_reset);
  CHECK(!world.local.saw_end);
  world.run();
  CHECK(!world.ending->is_clean);
}

TEST_CASE("tunnel: a lane that ends with OK before the conduit is done is lost all the same") {
  World world;
  world.start_and_greet();
  world.close_lane(absl::OkStatus());
  CHECK(world.local.saw_reset);
}

TEST_CASE("tunnel: a lane refused before the peer spoke leaves the socket alone, for another one") {
  World world;
  world.local.incoming = "early";
  world.start();
  world.lane.answer_write();
  world.close_lane(base::error(base::Code::kNotFound, "unknown token"));
  REQUIRE(world.refused);
  CHECK(world.refused->code() == base::Code::kNotFound);
  CHECK(!world.local.saw_reset);
  LaneSide second;
  world.tunnel.attach(
      [&](wire::Lane::Listener& listener) { return std::make_unique<FakeLane>(second, listener); });
  REQUIRE(second.written.size() == 1);
  CHECK(text_of(second.written[0]) == "early");
  CHECK(second.written[0].offset == 0);
}

TEST_CASE("tunnel: a frame that breaks a rule resets this connection, and says which rule") {
  World world;
  world.start_and_greet();
  world.lane.deliver(data(5, "gap"));
  world.drain();
  REQUIRE(world.last_frame().reset);
  CHECK(world.last_frame().reset->code == wire::ResetCode::kProtocol);
  CHECK(world.last_frame().reset->text == "a gap in the bytes");
  CHECK(world.local.saw_reset);
}

TEST_CASE("tunnel: bytes are acknowledged after 20 ms when nothing else goes that way") {
  World world;
  world.start_and_greet();
  world.lane.deliver(data(0, "x"));
  CHECK(world.lane.written.empty());
  net::Timer watch(world.loop);
  watch.after(std::chrono::milliseconds(100), [&] { world.loop.stop(); });
  world.run();
  REQUIRE(world.lane.written.size() == 1);
  CHECK(world.lane.written[0].received == 1);
}

TEST_CASE("tunnel: abort resets both sides and ends") {
  World world;
  world.start_and_greet();
  world.tunnel.abort({wire::ResetCode::kStopped, "stopped"});
  world.drain();
  CHECK(world.last_frame().reset->code == wire::ResetCode::kStopped);
  CHECK(world.local.saw_reset);
  CHECK(world.lane.half_closed);
  world.close_lane(absl::OkStatus());
  world.run();
  CHECK(world.ending->why == "stopped");
}
