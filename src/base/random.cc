// SPDX-License-Identifier: MIT
#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace mm::base {

uint64_t Random::below(uint64_t bound) {
  MM_CHECK(bound > 0);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;  // a multiple of bound: no bias
  for (;;) {
    uint8_t bytes[8];
    fill(bytes);
    uint64_t value;
    std::memcpy(&value, bytes, sizeof value);
    if (value < limit) return value % bound;
  }
}

void SystemRandom::fill(std::span<uint8_t> out) {
  while (!out.empty()) {
    const ssize_t count = getrandom(out.data(), out.size(), 0);
    MM_CHECK(count > 0 || errno == EINTR);  // no randomness, no secrets: nothing can go on
    if (count > 0) out = out.subspan(static_cast<size_t>(count));
  }
}

}  // namespace mm::base
