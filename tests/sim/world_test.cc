// SPDX-License-Identifier: MIT
#include "sim/world.h"

#include <doctest/doctest.h>

using mm::sim::Outcome;
using mm::sim::Plan;
using mm::sim::World;
using mm::test::SeededRandom;

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
  }
  return sum;
}

}  // namespace

TEST_CASE("sim: without faults every connection ends in order") {
  CHECK(run_all(20, {.connections = 2, .faults = {}}).reset == 0);
}

TEST_CASE("sim: cut calls are not noticed") {
  CHECK(run_all(100, {.faults = {.cut = 20, .cut_link = 60}}).reset == 0);
  CHECK(run_all(60, {.faults = {.change_network = 40}}).reset == 0);
}

TEST_CASE("sim: routers that are killed, drained or replaced are not noticed") {
  CHECK(run_all(60, {.faults = {.kill_router = 60}}).reset == 0);
  CHECK(run_all(60, {.faults = {.drain_router = 60}}).reset == 0);
  CHECK(run_all(60, {.faults = {.switch_router = 40}}).reset == 0);
}

TEST_CASE("sim: a link that stands still for less than the grace is not noticed") {
  CHECK(run_all(60, {.faults = {.pause = 60}}).reset == 0);
}

TEST_CASE("sim: a share that was killed leaves resets, never half an answer that looks whole") {
  CHECK(run_all(60, {.faults = {.kill_share = 100}}).reset > 0);
}

TEST_CASE("sim: whatever goes wrong in whatever order, every promise is kept") {
  for (const uint64_t seed : mm::test::seeds(200)) {
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
