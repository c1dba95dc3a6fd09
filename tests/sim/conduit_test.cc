// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/conduit_world.h"

using mm::sim::ConduitWorld;
using mm::sim::Outcome;
using mm::sim::Plan;
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
