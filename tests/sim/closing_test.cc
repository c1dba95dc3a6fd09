// SPDX-License-Identifier: MIT
// Every way to close a connection, by either application, encrypted or not, with a lane cut after
// each message that arrives anywhere: both applications see what they see without a cut.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>

#include "sim/world.h"

using mm::sim::Habits;
using mm::sim::Outcome;
using mm::sim::Plan;
using mm::sim::World;

namespace {

struct Closing {
  std::string name;
  Habits closer;
  Habits other;
  bool is_refused;  // by the target: nobody closes
  const char* closer_fate;
  const char* other_fate;
};

constexpr uint64_t kLittle = 3'000;  // within the first credit
constexpr uint64_t kMuch = 100'000;  // beyond it

const Closing kClosings[] = {
    {"in order, both",
     {.to_write = kLittle},
     {.to_write = kLittle, .ends_at = kLittle},
     false,
     "3000 bytes, end",
     "3000 bytes, end"},
    {"half, and an answer",
     {.to_write = kLittle},
     {.to_write = kMuch, .answers = true},
     false,
     "100000 bytes, end",
     "3000 bytes, end"},
    {"reset after all that was said",
     {.to_write = kLittle, .resets = true, .ends_at = kLittle},
     {.to_write = kLittle, .stays = true},
     false,
     "resets",
     "3000 bytes, reset"},
    {"reset while both write",
     {.to_write = kMuch, .resets = true, .ends_at = 1},
     {.to_write = 10 * kMuch, .stays = true},
     false,
     "resets",
     "100000 bytes, reset"},
    {"refused", {}, {.to_write = kLittle, .stays = true}, true, "", "0 bytes, reset"},
};

Plan plan_of(const Closing& closing, bool is_client, bool is_encrypted) {
  Plan plan{.connections = 1, .has_resets = true, .steps = 0, .is_encrypted = is_encrypted};
  plan.lanes_age = false;
  plan.is_refused = closing.is_refused;
  plan.habits = {closing.closer, closing.other};
  if (!is_client) std::swap((*plan.habits)[0], (*plan.habits)[1]);
  return plan;
}

std::string fates_of(const Closing& closing, bool is_client) {
  const std::string client = is_client ? closing.closer_fate : closing.other_fate;
  const std::string target = is_client ? closing.other_fate : closing.closer_fate;
  return "client: " + client + (target.empty() ? "" : "; target: " + target);
}

void check_with_each_cut(uint64_t seed, Plan plan, const std::string& fates) {
  CAPTURE(seed);
  Outcome whole;
  REQUIRE(World(seed, plan).run(whole) == "");
  REQUIRE(whole.fates == fates);
  for (uint64_t message = 1; message <= whole.lane_messages; ++message) {
    CAPTURE(message);
    plan.cut_at = message;
    Outcome outcome;
    REQUIRE(World(seed, plan).run(outcome) == "");
    REQUIRE(outcome.fates == fates);
  }
}

}  // namespace

TEST_CASE("sim: whoever closes, however, is understood with a lane cut after any message") {
  for (const Closing& closing : kClosings) {
    for (const bool is_client : {true, false}) {
      if (closing.is_refused && is_client) continue;
      for (const bool is_encrypted : {false, true}) {
        CAPTURE(closing.name);
        CAPTURE(is_client);
        CAPTURE(is_encrypted);
        const Plan plan = plan_of(closing, is_client, is_encrypted);
        for (const uint64_t seed : mm::test::seeds(2)) {
          check_with_each_cut(seed, plan, fates_of(closing, is_client));
        }
      }
    }
  }
}
