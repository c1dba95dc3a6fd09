// SPDX-License-Identifier: MIT
#include "sim/world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

using mm::sim::Outcome;
using mm::sim::Plan;
using mm::sim::World;
using mm::test::SeededRandom;
using namespace std::chrono_literals;

namespace {

std::string run(uint64_t seed, const Plan& plan, Outcome& outcome) {
  return World(seed, plan).run(outcome);
}

// Every seed keeps every promise; how often each kind of end was reached.
Outcome run_all(uint64_t seeds, const Plan& plan) {
  Outcome sum;
  for (const uint64_t seed : mm::test::seeds(seeds)) {
    CAPTURE(seed);
    Outcome outcome;
    REQUIRE(run(seed, plan, outcome) == "");
    sum.done += outcome.done;
    sum.reset += outcome.reset;
    sum.lanes += outcome.lanes;
    sum.memory_most = std::max(sum.memory_most, outcome.memory_most);
    sum.reset_at_both += outcome.reset_at_both;
    sum.over_after = std::max(sum.over_after, outcome.over_after);
    sum.longest_wait = std::max(sum.longest_wait, outcome.longest_wait);
  }
  return sum;
}

}  // namespace

TEST_CASE("sim: without faults every connection ends in order") {
  CHECK(run_all(20, {.connections = 2, .faults = {}}).reset == 0);
}

TEST_CASE("sim: without faults each end opens one lane a connection, and chases nobody") {
  const Outcome outcome = run_all(100, {.connections = 2, .faults = {}, .lanes_age = false});
  CHECK(outcome.lanes == 2 * outcome.done);
}

TEST_CASE("sim: an end is more patient than a router, which ends a lane that is alone") {
  CHECK(mm::tunnel::Timing{}.first_frame > mm::router::Limits{}.lane_wait);
}

TEST_CASE("sim: cut calls are not noticed") {
  CHECK(run_all(100, {.faults = {.cut = 20, .cut_link = 60}}).reset == 0);
  CHECK(run_all(100, {.faults = {.change_network = 40}}).reset == 0);
}

TEST_CASE("sim: routers that are killed, drained or replaced are not noticed") {
  CHECK(run_all(100, {.faults = {.kill_router = 60}}).reset == 0);
  CHECK(run_all(100, {.faults = {.drain_router = 60}}).reset == 0);
  CHECK(run_all(100, {.faults = {.switch_router = 40}}).reset == 0);
}

TEST_CASE("sim: a link that stands still for less than the grace is not noticed") {
  CHECK(run_all(100, {.faults = {.pause = 60}}).reset == 0);
}

TEST_CASE("sim: ends that lose every lane they open for a while are not noticed") {
  CHECK(run_all(100, {.faults = {.cut = 60, .lose_lanes = 60}}).reset == 0);
}

TEST_CASE("sim: lanes that come late, or a second time, are not noticed") {
  CHECK(run_all(100, {.faults = {.cut = 60, .hold_up_lanes = 60}}).reset == 0);
  CHECK(run_all(100, {.faults = {.cut = 60, .repeat_lane = 20}}).reset == 0);
}

TEST_CASE("sim: readers that stop for longer than the grace, and go on, get every byte") {
  CHECK(run_all(100, {.faults = {.cut = 60, .stall = 30}}).reset == 0);
}

TEST_CASE(
    "sim: readers that stop for an hour cost no lane, and lose no byte to lanes that are cut") {
  const mm::sim::Habits much{.to_write = 2'000'000, .stalls_at = 100'000};
  for (const bool is_encrypted : {false, true}) {
    Plan plan{
        .lasts = 1h, .habits = {{much, much}}, .has_stalled = true, .is_encrypted = is_encrypted};
    plan.lanes_age = false;
    const Outcome left_alone = run_all(2, plan);
    CHECK(left_alone.reset == 0);
    CHECK(left_alone.lanes == 2 * left_alone.done);
    plan.faults = {.cut = 2'000, .cut_link = 4'000, .kill_router = 10'000};
    const Outcome cut = run_all(4, plan);
    CHECK(cut.reset == 0);
    CHECK(cut.lanes > 4 * cut.done);
    CHECK(cut.memory_most > 2 * mm::wire::kFloorBytes);
    CHECK(cut.memory_most < much.to_write);
  }
}

TEST_CASE("sim: connections that stand still keep none of the others back") {
  for (const size_t budget_bytes : {0, 100'000, 64 << 20}) {
    const Plan plan{.connections = 4, .has_stalled = true, .budget_bytes = budget_bytes};
    CHECK(run_all(30, plan).reset == 0);
  }
}

TEST_CASE("sim: 65 minutes of a network that cuts what is an hour old, or 20 seconds") {
  const mm::sim::Habits trickles{.to_write = 65 * 60, .every = 1s};
  const mm::sim::Habits is_idle{.to_write = 2, .every = 65min};
  for (const auto& [paced, longest] : {std::pair(trickles, 400ms), std::pair(is_idle, 200ms)}) {
    for (const mm::base::Duration calls_last :
         {mm::base::Duration(60min), mm::base::Duration(20s)}) {
      const Plan plan{.lasts = 65min, .calls_last = calls_last, .habits = {{paced, paced}}};
      const Outcome outcome = run_all(4, plan);
      CHECK(outcome.reset == 0);
      CHECK(outcome.longest_wait < longest);
    }
  }
}

TEST_CASE("sim: four hours without a byte") {
  const Outcome outcome = run_all(2, {.lasts = 4h,
                                      .habits = {{mm::sim::Habits{.to_write = 2, .every = 4h},
                                                  mm::sim::Habits{.to_write = 2, .every = 4h}}}});
  CHECK(outcome.reset == 0);
  CHECK(outcome.longest_wait < 200ms);
}

TEST_CASE("sim: encrypted end to end, what is not noticed without is not noticed either") {
  const auto sealed = [](Plan plan) {
    plan.is_encrypted = true;
    return run_all(50, plan);
  };
  CHECK(sealed({.connections = 2}).reset == 0);
  CHECK(sealed({.faults = {.cut = 20, .cut_link = 60}}).reset == 0);
  CHECK(sealed({.faults = {.kill_router = 60, .switch_router = 40}}).reset == 0);
  CHECK(sealed({.faults = {.cut = 60, .hold_up_lanes = 60, .repeat_lane = 20}}).reset == 0);
  CHECK(sealed({.faults = {.cut = 60, .stall = 30}}).reset == 0);
  CHECK(sealed({.connections = 4, .has_stalled = true, .budget_bytes = 100'000}).reset == 0);
}

TEST_CASE("sim: a share that was killed leaves resets, never half an answer that looks whole") {
  CHECK(run_all(100, {.faults = {.kill_share = 100}}).reset > 0);
}

TEST_CASE("sim: a connect that was killed leaves resets within the grace, and nothing behind") {
  for (const bool is_encrypted : {false, true}) {
    const Plan plan{.faults = {.kill_connect = 20}, .is_encrypted = is_encrypted};
    const Outcome outcome = run_all(50, plan);
    CHECK(outcome.reset > 0);
    CHECK(outcome.over_after > 11min);  // a target was waiting, since things began to go wrong
    CHECK(outcome.over_after < 16min);
  }
}

TEST_CASE("sim: a partition is noticed when it is longer than the grace, and then by both ends") {
  const mm::sim::Habits talks{.to_write = 120, .every = 1s};
  for (const bool is_encrypted : {false, true}) {
    const auto parted_for = [&](mm::base::Duration partition) {
      return run_all(
          10, {.habits = {{talks, talks}}, .partition = partition, .is_encrypted = is_encrypted});
    };
    CHECK(parted_for(14min).reset == 0);
    const Outcome outcome = parted_for(30min);
    CHECK(outcome.done == 0);
    CHECK(outcome.reset_at_both == outcome.reset);
    CHECK(outcome.over_after < 18min);  // and not only when it is over
  }
}

TEST_CASE("sim: whatever goes wrong in whatever order, every promise is kept") {
  for (const uint64_t seed : mm::test::seeds(500)) {
    CAPTURE(seed);
    SeededRandom random(seed);
    Outcome outcome;
    REQUIRE(run(seed, mm::sim::random_plan(random), outcome) == "");
  }
}

TEST_CASE("sim: the whole has the same trace under the same seed") {
  for (const uint64_t seed : mm::test::seeds(10)) {
    CAPTURE(seed);
    SeededRandom random(seed);
    const Plan plan = mm::sim::random_plan(random);
    Outcome first;
    Outcome second;
    run(seed, plan, first);
    run(seed, plan, second);
    CHECK(first.trace == second.trace);
  }
}
