// SPDX-License-Identifier: MIT
// Time as an input. Everything that waits or expires asks a Clock, so that a test can own time.
#pragma once

#include <chrono>
#include <cstdint>

namespace mm::base {

using Duration = std::chrono::nanoseconds;

// Nanoseconds since the machine's start, suspend included (CLOCK_BOOTTIME): a laptop that slept
// through the grace must see that it is over. Never goes back; wall-clock changes do not touch it.
struct BootTime;
using TimePoint = std::chrono::time_point<BootTime, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
};

// What people's clocks say, which may be set back.
std::chrono::milliseconds unix_time();
int64_t unix_time_s();

}  // namespace mm::base
