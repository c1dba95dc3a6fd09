// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <time.h>

namespace mm::base {

TimePoint SystemClock::now() const {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

std::chrono::milliseconds unix_time() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

int64_t unix_time_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(unix_time()).count();
}

}  // namespace mm::base
