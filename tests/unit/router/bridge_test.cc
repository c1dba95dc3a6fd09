// SPDX-License-Identifier: MIT
#include "router/bridge.h"

#include <doctest/doctest.h>

#include <future>

#include "unit/router/fake_lane.h"

using namespace mm;
using base::Code;
using router::Role;
using test::FakeLane;
using Messages = std::vector<std::string>;

namespace {

// Two fake lanes and their bridge; `loop` runs what the switchboard would.
class Joined {
 public:
  Joined(test::Executor& share_queue, test::Executor& connect_queue, test::Executor& loop)
      : loop_(loop),
        share(make_lane(share_queue)),
        connect(make_lane(connect_queue)),
        traffic(std::make_shared<router::Traffic>()),
        bridge(std::make_shared<router::Bridge>(
            share, connect, traffic, [this](std::shared_ptr<router::Bridge> of, Role role) {
              loop_.post(
                  [this, of, role] { is_cut_later = of->half_closed(role) || is_cut_later; });
            })) {}

  FakeLane& lane(Role role) { return role == Role::kShare ? *share : *connect; }

  void finish() {
    bridge->finish(router::LaneEnd::kShutdown);
    is_cut_later = true;
  }

  // On the loop.
  std::function<void()> on_both_over = [] {};
  bool is_cut_later = false;  // the switchboard's patience runs out, some time

 private:
  std::shared_ptr<FakeLane> make_lane(test::Executor& queue) {
    return std::make_shared<FakeLane>(queue, [this](FakeLane& lane, bool was_lost) {
      loop_.post([this, &lane, was_lost] {
        bridge->lane_over(lane, was_lost);
        is_cut_later = true;
        if (bridge->is_over()) on_both_over();
      });
    });
  }

  test::Executor& loop_;

 public:
  const std::shared_ptr<FakeLane> share;
  const std::shared_ptr<FakeLane> connect;
  const std::shared_ptr<router::Traffic> traffic;
  const std::shared_ptr<router::Bridge> bridge;
};

// The same on one thread, in an order that the seed chooses.
struct Stepped {
  using Order = test::SteppedExecutor::Order;

  test::SeededRandom random;
  test::SteppedExecutor share_queue{Order::kAny};
  test::SteppedExecutor connect_queue{Order::kAny};
  test::SteppedExecutor loop{Order::kAsPosted};
  Joined joined{share_queue, connect_queue, loop};

  explicit Stepped(uint64_t seed) : random(seed) { joined.bridge->start(); }

  // One thing happens, if anything is due.
  bool step() {
    std::vector<test::SteppedExecutor*> due;
    for (auto* executor : {&share_queue, &connect_queue, &loop}) {
      if (!executor->is_empty()) due.push_back(executor);
    }
    if (due.empty()) return false;
    due[random.below(due.size())]->run_one(random);
    return true;
  }

  // Until nothing is due any more; a stuck bridge that ends is cut off then, as after its patience.
  void settle() {
    while (step()) continue;
    if (!joined.is_cut_later || joined.bridge->is_over()) return;
    joined.bridge->cancel();
    while (step()) continue;
  }
};

Messages numbered(const char* name, size_t count) {
  Messages messages;
  for (size_t i = 0; i < count; ++i) messages.push_back(name + std::to_string(i));
  return messages;
}

bool is_prefix(const Messages& part, const Messages& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

}  // namespace

TEST_CASE("bridge: messages pass both ways, in order, and are counted") {
  Stepped world(1);
  Joined& joined = world.joined;
  const Messages up = numbered("up", 100);
  const Messages down = numbered("down", 50);
  for (const std::string& message : up) joined.connect->send(message);
  for (const std::string& message : down) joined.share->send(message);
  world.settle();
  CHECK(joined.share->received() == up);
  CHECK(joined.connect->received() == down);
  CHECK(joined.traffic->connections == 1);
  CHECK(joined.bridge->bytes_from(Role::kConnect) == 390);
  CHECK(joined.bridge->bytes_from(Role::kShare) == 290);
  CHECK(joined.traffic->bytes == 680);
  CHECK(!joined.bridge->is_ending());
  joined.finish();
  world.settle();
}

TEST_CASE("bridge: one message a direction is held, the rest waits where it came from") {
  Stepped world(1);
  Joined& joined = world.joined;
  joined.share->stop_reading();
  for (const std::string& message : numbered("up", 100)) joined.connect->send(message);
  world.settle();
  CHECK(joined.bridge->bytes_from(Role::kConnect) == 3);  // "up0"
  joined.share->send("down");
  world.settle();
  CHECK(joined.connect->received() == Messages{"down"});  // the other direction goes on
  joined.finish();
  world.settle();
}

TEST_CASE("bridge: when both lanes are half-closed all is delivered, and both end with OK") {
  for (const uint64_t seed : test::seeds(200)) {
    CAPTURE(seed);
    for (const Role role : {Role::kShare, Role::kConnect}) {
      Stepped world(seed);
      FakeLane& from = world.joined.lane(role);
      FakeLane& to = world.joined.lane(role == Role::kShare ? Role::kConnect : Role::kShare);
      const Messages messages = numbered("m", world.random.below(5));
      const Messages answers = numbered("r", world.random.below(5));
      for (const std::string& message : messages) from.send(message);
      from.half_close();
      if (world.random.one_in(2)) world.settle();
      for (const std::string& message : answers) to.send(message);
      to.half_close();
      world.settle();
      CHECK(to.received() == messages);
      CHECK(from.received() == answers);
      CHECK(from.finished() == Code::kOk);
      CHECK(to.finished() == Code::kOk);
      REQUIRE(world.joined.bridge->is_over());
      CHECK(world.joined.bridge->why() == "done");
      CHECK(world.joined.traffic->connections == 0);
    }
  }
}

TEST_CASE("bridge: a lane that is half-closed ends when the other is too, or with ABORTED") {
  for (const Role role : {Role::kShare, Role::kConnect}) {
    Stepped world(1);
    FakeLane& from = world.joined.lane(role);
    FakeLane& to = world.joined.lane(role == Role::kShare ? Role::kConnect : Role::kShare);
    from.half_close();
    world.settle();
    CHECK(!from.finished());
    CHECK(!to.finished());
    to.break_off();
    world.settle();
    CHECK(from.finished() == Code::kAborted);
    REQUIRE(world.joined.bridge->is_over());
    CHECK(world.joined.bridge->why() == (role == Role::kShare ? "connect lost" : "share lost"));
  }
}

TEST_CASE("bridge: when one lane is lost the other ends with ABORTED") {
  for (const uint64_t seed : test::seeds(200)) {
    CAPTURE(seed);
    for (const Role role : {Role::kShare, Role::kConnect}) {
      Stepped world(seed);
      FakeLane& lost = world.joined.lane(role);
      FakeLane& other = world.joined.lane(role == Role::kShare ? Role::kConnect : Role::kShare);
      for (const std::string& message : numbered("m", world.random.below(5))) lost.send(message);
      for (const std::string& message : numbered("r", world.random.below(5))) other.send(message);
      for (uint64_t steps = world.random.below(20); steps > 0; --steps) world.step();
      lost.break_off();
      world.settle();
      CHECK(other.finished() == Code::kAborted);
      REQUIRE(world.joined.bridge->is_over());
      CHECK(world.joined.bridge->why() == (role == Role::kShare ? "share lost" : "connect lost"));
    }
  }
}

TEST_CASE("bridge: a lane that is stuck in a write is cut off when the other is lost") {
  Stepped world(1);
  Joined& joined = world.joined;
  joined.share->stop_reading();
  joined.connect->send("up");
  world.settle();
  joined.connect->break_off();
  world.settle();
  CHECK(joined.bridge->is_over());
  CHECK(joined.share->received().empty());
}

TEST_CASE("bridge: any sends, ends and breaks in any order leave both lanes over") {
  for (const uint64_t seed : test::seeds(5000)) {
    CAPTURE(seed);
    Stepped world(seed);
    test::SeededRandom& random = world.random;
    Messages sent[2];
    for (uint64_t steps = random.below(60); steps > 0; --steps) {
      const Role role = random.one_in(2) ? Role::kShare : Role::kConnect;
      Messages& log = sent[static_cast<size_t>(role)];
      if (random.one_in(3)) {
        log.push_back(std::to_string(log.size()));
        world.joined.lane(role).send(log.back());
      } else if (random.one_in(40)) {
        world.joined.lane(role).half_close();
      } else if (random.one_in(40)) {
        world.joined.lane(role).break_off();
      } else if (random.one_in(40)) {
        world.joined.lane(role).stop_reading();
      } else if (random.one_in(80)) {
        world.joined.finish();
      } else {
        world.step();
      }
    }
    for (const Role role : {Role::kShare, Role::kConnect}) world.joined.lane(role).half_close();
    if (random.one_in(2)) world.joined.finish();
    world.settle();
    if (!world.joined.bridge->is_over()) {  // a stuck reader hides the half-close: no end, no fault
      world.joined.connect->break_off();
      world.settle();
    }
    CHECK(world.joined.bridge->is_over());
    CHECK(world.joined.traffic->connections == 0);
    CHECK(is_prefix(world.joined.share->received(), sent[static_cast<size_t>(Role::kConnect)]));
    CHECK(is_prefix(world.joined.connect->received(), sent[static_cast<size_t>(Role::kShare)]));
  }
}

TEST_CASE("bridge: on real threads every message arrives and every lane ends") {
  for (const uint64_t seed : test::seeds(200)) {
    CAPTURE(seed);
    test::SeededRandom random(seed);
    const Messages up = numbered("up", random.below(100));
    const Messages down = numbered("down", random.below(100));
    const bool is_broken = random.one_in(2);
    std::promise<void> over;
    test::ThreadExecutor loop, share_queue, connect_queue;
    Joined joined(share_queue, connect_queue, loop);
    joined.on_both_over = [&over] { over.set_value(); };
    loop.post([&joined] { joined.bridge->start(); });
    std::thread share_end([&] {
      for (const std::string& message : down) joined.share->send(message);
      if (is_broken) joined.share->break_off();
    });
    for (const std::string& message : up) joined.connect->send(message);
    joined.connect->half_close();
    share_end.join();
    joined.share->half_close();
    over.get_future().wait();
    if (!is_broken) {
      CHECK(joined.share->received() == up);
      CHECK(joined.connect->finished() == Code::kOk);
      CHECK(joined.share->finished() == Code::kOk);
    }
    CHECK(is_prefix(joined.share->received(), up));
    CHECK(is_prefix(joined.connect->received(), down));
  }
}
