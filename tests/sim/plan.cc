// SPDX-License-Identifier: MIT
#include "sim/plan.h"

namespace mm::sim {

Plan random_plan(test::SeededRandom& random) {
  Plan plan;
  plan.connections = 1 + random.below(3);
  plan.has_resets = random.one_in(3);
  const auto some = [&random](uint64_t most) {
    return random.one_in(2) ? 0 : 20 + random.below(most);
  };
  plan.faults = {some(100), some(200), some(300), some(300), some(400), some(300), some(500),
                 some(300), some(300), some(300), some(200), some(200), some(500)};
  if (random.one_in(4)) plan.budget_bytes = random.size_up_to(1 << 20);
  plan.is_encrypted = random.one_in(2);
  return plan;
}

}  // namespace mm::sim
