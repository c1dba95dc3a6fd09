// SPDX-License-Identifier: MIT
// A clock that stands still until the test moves it.
#pragma once

#include "base/clock.h"

namespace mm::test {

struct ManualClock final : base::Clock {
  base::TimePoint time{};
  base::TimePoint now() const override { return time; }
};

}  // namespace mm::test
