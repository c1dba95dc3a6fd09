// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "sim/conduit_world.h"

using mm::sim::ConduitWorld;
using mm::sim::Outcome;
using mm::sim::Plan;
using mm::sim::Step;
using mm::test::SeededRandom;

namespace {

std::string run(uint64_t seed, const Plan& plan, Outcome& outcome) {
  return ConduitWorld(seed, plan).run(outcome);
}

}  // namespace

TEST_CASE("sim: two conduits keep every invariant through 2 000 random lives") {
  uint64_t done = 0;
  uint64_t reset = 0;
  const std::vector<uint64_t> all = mm::test::seeds(2'000);
  for (const uint64_t seed : all) {
    CAPTURE(seed);
    SeededRandom random(seed);
    Outcome outcome;
    REQUIRE(run(seed, mm::sim::random_plan(random), outcome) == "");
    done += outcome.both_done ? 1 : 0;
    reset += outcome.was_reset ? 1 : 0;
  }
  if (all.size() > 1) {  // the plans do reach both kinds of end
    CHECK(done > all.size() / 2);
    CHECK(reset > all.size() / 10);
  }
}

TEST_CASE("sim: without resets every byte arrives and both ends finish in order, cuts or not") {
  for (const uint64_t seed : mm::test::seeds(300)) {
    CAPTURE(seed);
    SeededRandom random(seed);
    Plan plan = mm::sim::random_plan(random);
    plan.resets = {};
    plan.cut_one_in = 20;
    Outcome outcome;
    REQUIRE(run(seed, plan, outcome) == "");
    CHECK(outcome.both_done);
    CHECK(outcome.delivered[0] == plan.bytes[1]);
    CHECK(outcome.delivered[1] == plan.bytes[0]);
  }
}

TEST_CASE("sim: nothing is sent again that the peer had") {
  for (const uint64_t seed : mm::test::seeds(300)) {
    CAPTURE(seed);
    Plan plan{.bytes = {500'000, 500'000}, .cut_one_in = 30, .cuts_most = 20};
    Outcome outcome;
    REQUIRE(run(seed, plan, outcome) == "");
    CHECK(outcome.resent_bytes == 0);
  }
}

TEST_CASE("sim: a budget of nothing still moves every byte") {
  for (const uint64_t seed : mm::test::seeds(50)) {
    CAPTURE(seed);
    Plan plan{.bytes = {300'000, 200'000}, .budget_bytes = {0, 0}};
    Outcome outcome;
    REQUIRE(run(seed, plan, outcome) == "");
    CHECK(outcome.both_done);
  }
}

TEST_CASE("sim: a lane cut at any byte of a 10 KiB exchange") {
  for (const bool lanes_overlap : {false, true}) {
    Plan plan{.bytes = {5'000, 5'240}, .lanes_overlap = lanes_overlap, .write_most = 500};
    Outcome whole;
    REQUIRE(run(1, plan, whole) == "");
    REQUIRE(whole.frame_bytes > 10'240);
    for (const uint64_t offset : mm::test::seeds(whole.frame_bytes)) {
      CAPTURE(offset);
      plan.cut_at = offset - 1;
      Outcome outcome;
      REQUIRE(run(1, plan, outcome) == "");
      REQUIRE(outcome.both_done);
      REQUIRE(outcome.delivered[0] == plan.bytes[1]);
      REQUIRE(outcome.delivered[1] == plan.bytes[0]);
    }
  }
}

TEST_CASE("sim: every way to close, on every end, cut at any byte") {
  for (uint64_t way = 0; way < 32; ++way) {
    CAPTURE(way);
    const auto bit = [way](int which) { return (way >> which & 1) != 0; };
    Plan plan{.bytes = {bit(0) ? 300u : 0u, bit(1) ? 300u : 0u},
              .resets = {bit(2), bit(3)},
              .lanes_overlap = bit(4),
              .write_most = 60};
    Outcome whole;
    REQUIRE(run(1, plan, whole) == "");
    for (uint64_t offset = 0; offset < whole.frame_bytes; ++offset) {
      CAPTURE(offset);
      plan.cut_at = offset;
      Outcome outcome;
      REQUIRE(run(1, plan, outcome) == "");
      REQUIRE(outcome.both_done == (!bit(2) && !bit(3)));
      if (bit(2) != bit(3)) REQUIRE(outcome.was_reset);
    }
  }
}

TEST_CASE("sim: whatever happens in the first six steps, in any order") {
  using enum mm::sim::Action;
  constexpr Step kSteps[] = {{kWrite, 0}, {kWrite, 1},   {kRead, 0},    {kRead, 1}, {kSend, 0},
                             {kSend, 1},  {kReceive, 0}, {kReceive, 1}, {kCut}};
  constexpr size_t kDepth = 6;
  const auto count = static_cast<uint64_t>(std::pow(std::size(kSteps), kDepth));
  for (const uint64_t number : mm::test::seeds(count)) {
    CAPTURE(number);
    std::array<Step, kDepth> first;
    uint64_t digits = number - 1;
    for (Step& step : first) {
      step = kSteps[digits % std::size(kSteps)];
      digits /= std::size(kSteps);
    }
    Plan plan{.bytes = {2, 1}, .lanes_overlap = true, .latency_most = 0, .write_most = 0};
    Outcome outcome;
    REQUIRE(ConduitWorld(1, plan).run(outcome, first) == "");
    REQUIRE(outcome.both_done);
  }
}

TEST_CASE("sim: the same seed gives the same trace") {
  for (const uint64_t seed : mm::test::seeds(100)) {
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
