// SPDX-License-Identifier: MIT
// Randomness as an input: secrets, ids and jitter come from a Random, so that a test's seed
// replays a run.
#pragma once

#include <cstdint>
#include <span>

namespace mm::base {

class Random {
 public:
  virtual ~Random() = default;

  virtual void fill(std::span<uint8_t> out) = 0;

  // Uniform in [0, bound). Require: bound > 0.
  uint64_t below(uint64_t bound);
};

// The kernel's (getrandom): fit for secrets.
class SystemRandom final : public Random {
 public:
  void fill(std::span<uint8_t> out) override;
};

}  // namespace mm::base
