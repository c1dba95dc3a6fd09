// SPDX-License-Identifier: MIT
// What each forwarded byte passes through, in small cases with a fixed input: codec, conduit and
// bridge. micro.cc times them, hot_path.cc runs them to have their instructions counted.
#pragma once

#include <functional>
#include <span>

namespace mm::bench {

struct HotCase {
  const char* name;

  // Readies the case. Each call of what comes back is one round, and all rounds are alike after
  // some hundred, when windows have grown.
  std::function<void()> (*make)();
};

std::span<const HotCase> hot_cases();

}  // namespace mm::bench
