// SPDX-License-Identifier: MIT
#include "router/switchboard.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <vector>

#include "unit/manual_clock.h"
#include "unit/router/recording_lane.h"
#include "unit/seeded_random.h"

using namespace std::chrono_literals;
using namespace mm;
using router::Role;
using test::RecordingLane;

namespace {

// A share's stream that remembers when each connection was to be moved, for the first time.
class MovedShare final : public router::ShareStream {
 public:
  explicit MovedShare(const base::Clock& clock) : clock_(clock) {}

  void forward(const std::string&, const base::Token&, uint64_t) override {}
  void superseded() override {}
  void draining() override {}
  void move(const base::Token& token) override { asked.try_emplace(token, clock_.now()); }
  void end(const base::Status&) override {}
  const router::Caller& caller() const override { return caller_; }
  bool opens_to(const secure::Digest&) const override { return false; }

  std::map<base::Token, base::TimePoint> asked;

 private:
  const base::Clock& clock_;
  const router::Caller caller_{.name = "ann"};
};

// A router of one service, at a time of the test's own.
struct Board {
  explicit Board(base::Duration lane_age) { limits.lane_age = lane_age; }
  ~Board() {
    for (const auto& lane : all) lane->reader = nullptr;  // the bridge, which has the lane
  }

  test::ManualClock clock;
  net::Loop loop{clock};
  test::SeededRandom random{1};
  router::Limits limits;
  router::Switchboard switchboard{loop, random, limits};
  MovedShare share{clock};
  std::vector<std::shared_ptr<RecordingLane>> all;

  void register_share() {
    router::Offer offer;
    offer.name = "web";
    REQUIRE(switchboard.add_share(offer, share).ok());
  }

  uint64_t refused(const std::string& reason) const {
    for (const auto& [name, count] : switchboard.snapshot(false).refusals) {
      if (name == reason) return count;
    }
    return 0;
  }

  // A connect's lane, for the share of that instance.
  std::shared_ptr<RecordingLane> arrive(const std::string& instance) {
    const auto forwards = switchboard.forward_to("web", 1, share.caller());
    REQUIRE(forwards.ok());
    const auto lane = std::make_shared<RecordingLane>();
    switchboard.lane_arrived(
        lane, {forwards->tokens.front(), Role::kConnect, "web", 0, instance, share.caller()});
    return lane;
  }

  // The connect's lane of a new connection.
  std::shared_ptr<RecordingLane> join() {
    const auto forwards = switchboard.forward_to("web", 1, share.caller());
    REQUIRE(forwards.ok());
    const auto lanes = {Role::kConnect, Role::kShare};
    std::shared_ptr<RecordingLane> first;
    for (const Role role : lanes) {
      const auto lane = std::make_shared<RecordingLane>();
      if (!first) first = lane;
      all.push_back(lane);
      switchboard.lane_arrived(lane,
                               {forwards->tokens.front(), role, "web", 0, "", share.caller()});
    }
    return first;
  }

  void wait_until(base::TimePoint time) {
    while (loop.next_due() && *loop.next_due() <= time) {
      clock.time = std::max(clock.time, *loop.next_due());
      loop.run_due();
    }
    clock.time = time;
  }
};

}  // namespace

TEST_CASE("switchboard: lanes are to move in the last tenth of their age, each at its own time") {
  Board board(50min);
  board.register_share();
  constexpr size_t kLanes = 200;
  for (size_t i = 0; i < kLanes; ++i) board.join();
  board.wait_until(base::TimePoint(45min - 1ns));
  CHECK(board.share.asked.empty());
  board.wait_until(base::TimePoint(50min));
  CHECK(board.share.asked.size() == kLanes);
  std::map<int64_t, size_t> in_a_minute;
  for (const auto& [token, time] : board.share.asked) ++in_a_minute[time.time_since_epoch() / 1min];
  CHECK(in_a_minute.size() >= 5);
  for (const auto& [minute, count] : in_a_minute) CHECK(count < kLanes / 2);
}

TEST_CASE("switchboard: a lane that nobody moves is cut a minute after it was to be moved") {
  Board board(50min);
  board.register_share();
  const auto lane = board.join();
  while (board.share.asked.empty()) board.wait_until(board.clock.time + 1s);
  const base::TimePoint asked = board.share.asked.begin()->second;
  board.wait_until(asked + 60s - 1ns);
  CHECK(!lane->finished);
  board.wait_until(asked + 60s);
  CHECK(lane->code() == base::Code::kAborted);
  CHECK(board.refused("lane_age") == 1);
}

TEST_CASE("switchboard: without an age lanes are never to move") {
  Board board(0min);
  board.register_share();
  const auto lane = board.join();
  board.wait_until(base::TimePoint(24h));
  CHECK(board.share.asked.empty());
  CHECK(!lane->finished);
}

TEST_CASE("switchboard: a token is for the share that had the name when it was minted") {
  Board board(0min);
  board.register_share();
  const auto lane = board.arrive("gone");
  CHECK(lane->code() == base::Code::kNotFound);
  CHECK(board.refused("share_gone") == 1);
}

TEST_CASE("switchboard: a lane that broke off is counted once, and none that was ended here") {
  Board board(0min);
  board.register_share();
  const auto connect = board.join();
  const auto share = board.all.back();
  board.switchboard.lane_over(*connect, true);
  CHECK(board.refused("call_lost") == 1);
  CHECK(share->code() == base::Code::kAborted);
  board.switchboard.lane_over(*share, true);  // gone as well, while it was told
  CHECK(board.refused("call_lost") == 1);
}

TEST_CASE("switchboard: a lane that broke off while it waited is counted") {
  Board board(0min);
  board.register_share();
  const auto lane = board.arrive("");
  CHECK(lane->is_waiting());
  board.switchboard.lane_over(*lane, true);
  CHECK(board.refused("call_lost") == 1);
}

TEST_CASE("switchboard: two lanes whose readers stopped are counted once, and are not lost") {
  Board board(0min);
  board.register_share();
  const auto connect = board.join();
  const auto share = board.all.back();
  connect->reader->on_read(*connect, false);
  share->reader->on_read(*share, false);
  board.loop.run_due();
  board.wait_until(board.clock.time + board.limits.end_patience);
  CHECK(connect->is_cancelled);
  board.switchboard.lane_over(*connect, true);
  board.wait_until(board.clock.time + board.limits.end_patience);
  board.switchboard.lane_over(*share, true);
  CHECK(board.refused("stuck_reader") == 1);
  CHECK(board.refused("call_lost") == 0);
}

TEST_CASE("switchboard: a router has so many services, and those that it has go on") {
  Board board(0min);
  board.limits.services = 1;
  board.register_share();
  MovedShare another(board.clock);
  router::Offer offer;
  offer.name = "db";
  const auto standing = board.switchboard.add_share(offer, another);
  CHECK(standing.status().code() == base::Code::kResourceExhausted);
  CHECK(base::message(standing.status()) == "the router has too many services");
  CHECK(board.refused("services") == 1);
  CHECK(board.switchboard.snapshot(false).services == 1);
}
