// SPDX-License-Identifier: MIT
#include "base/backoff.h"

#include <doctest/doctest.h>

using namespace mm::base;
using namespace std::chrono_literals;

TEST_CASE("backoff: no wait exceeds its step, and steps double up to the cap") {
  SystemRandom random;
  Backoff backoff(random, {.first = 50ms, .most = 1s, .patience = 5min, .most_later = 5s});
  const TimePoint start{};
  Duration step = 50ms;
  for (int i = 0; i < 20; ++i) {
    const Duration wait = backoff.next(start + i * 1s);
    CHECK(wait > 0ns);
    CHECK(wait <= step);
    step = std::min<Duration>(step * 2, 1s);
  }
}

TEST_CASE("backoff: after five minutes without success it may wait up to five seconds") {
  SystemRandom random;
  Backoff backoff(random);
  Duration longest{};
  for (int i = 0; i < 400; ++i) longest = std::max(longest, backoff.next(TimePoint(i * 2s)));
  CHECK(longest > 1s);
  CHECK(longest <= 5s);
}

TEST_CASE("backoff: a reset starts again from the first step") {
  SystemRandom random;
  Backoff backoff(random);
  for (int i = 0; i < 10; ++i) backoff.next(TimePoint{});
  backoff.reset();
  CHECK(backoff.next(TimePoint{}) <= 50ms);
}
