// SPDX-License-Identifier: MIT
// How long to wait before the next try: doubling, with full jitter, so that many ends that lost
// the same router do not come back as one wave. Pure: the caller does the waiting.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "base/random.h"

namespace mm::base {

class Backoff {
 public:
  struct Limits {
    Duration first = std::chrono::milliseconds(50);
    Duration most = std::chrono::seconds(1);
    // After `patience` without a reset the cap rises to `most_later`: who waits for hours need
    // not ask every second.
    Duration patience = std::chrono::minutes(5);
    Duration most_later = std::chrono::seconds(5);
  };

  Backoff(Random& random, Limits limits) : random_(random), limits_(limits) {}
  explicit Backoff(Random& random) : Backoff(random, Limits{}) {}

  // The next wait, uniform in (0, step], where step doubles from `first` up to the cap.
  Duration next(TimePoint now);
  void reset();

 private:
  Random& random_;  // borrowed: outlives us
  Limits limits_;
  Duration step_{0};
  TimePoint since_{};
};

}  // namespace mm::base
