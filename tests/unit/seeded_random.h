// SPDX-License-Identifier: MIT
// Randomness of a test: one seed, one run. MINDMELD_SEED=n replays what a failure printed.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <span>
#include <vector>

#include "base/random.h"

namespace mm::test {

class SeededRandom final : public base::Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}

  void fill(std::span<uint8_t> out) override {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(engine_());
  }

  // True once in `n` times.
  bool one_in(uint64_t n) { return below(n) == 0; }

  // Small values are as likely as large ones: sizes that matter are at both ends.
  uint64_t size_up_to(uint64_t most) {
    const uint64_t bound = uint64_t{1} << below(64);
    return below(std::min(bound, most) + 1);
  }

 private:
  std::mt19937_64 engine_;
};

// The seeds of a test: 1 to count, or the one that MINDMELD_SEED names. Under a sanitizer, which
// makes each many times slower, a quarter of them.
inline std::vector<uint64_t> seeds(uint64_t count) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  count = (count + 3) / 4;
#endif
  if (const char* text = std::getenv("MINDMELD_SEED")) return {std::strtoull(text, nullptr, 10)};
  std::vector<uint64_t> all;
  for (uint64_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

}  // namespace mm::test
