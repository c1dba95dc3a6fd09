// SPDX-License-Identifier: MIT
#include "share/seen_tokens.h"

#include <doctest/doctest.h>

#include "unit/seeded_random.h"

using namespace std::chrono_literals;
using mm::base::TimePoint;
using mm::base::Token;

namespace {

struct TestClock final : mm::base::Clock {
  TimePoint time{};
  TimePoint now() const override { return time; }
};

}  // namespace

TEST_CASE("seen tokens: a token is new once within a quarter of an hour, and then forgotten") {
  TestClock clock;
  mm::test::SeededRandom random(1);
  mm::share::SeenTokens seen(clock);
  const Token first = Token::random(random);
  CHECK(seen.insert(first));
  CHECK(!seen.insert(first));
  CHECK(seen.insert(Token::random(random)));
  clock.time += 15min;
  CHECK(seen.insert(Token::random(random)));
  CHECK(seen.size() == 1);
  CHECK(seen.insert(first));
}
