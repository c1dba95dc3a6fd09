// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <time.h>

namespace mm::base {

TimePoint SystemClock::now() const {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace mm::base
