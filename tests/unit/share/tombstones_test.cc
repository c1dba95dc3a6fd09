// SPDX-License-Identifier: MIT
#include "share/tombstones.h"

#include <doctest/doctest.h>

#include "unit/manual_clock.h"
#include "unit/seeded_random.h"

using namespace std::chrono_literals;
using mm::base::Token;

TEST_CASE("tombstones: how a connection ended is known for a while, and then forgotten") {
  mm::test::ManualClock clock;
  mm::test::SeededRandom random(1);
  mm::share::Tombstones tombstones(clock, 15min);
  const Token token = Token::random(random);
  CHECK(tombstones.find(token) == nullptr);
  tombstones.add(token, {.received = 7, .reset = {}, .generation = 2});
  tombstones.add(Token::random(random), {});
  REQUIRE(tombstones.find(token) != nullptr);
  CHECK(tombstones.find(token)->received == 7);
  tombstones.add(token, {.received = 8, .reset = {}, .generation = 3});
  CHECK(tombstones.find(token)->generation == 3);
  clock.time += 15min;
  CHECK(tombstones.find(token) == nullptr);
  CHECK(tombstones.size() == 0);
}
