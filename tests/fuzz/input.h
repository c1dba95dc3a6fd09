// SPDX-License-Identifier: MIT
// What a fuzzer made up, taken apart into what a test needs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mm::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}

  bool is_over() const { return rest_.empty(); }

  // 0 where it is over.
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_.front();
    rest_ = rest_.subspan(1);
    return byte;
  }

  // As many of the next bytes as the next one says; fewer where there are fewer. The rest, if that
  // one is 255.
  std::span<const uint8_t> some() {
    const size_t wanted = byte();
    const size_t count = wanted == 255 ? rest_.size() : std::min(wanted, rest_.size());
    const std::span<const uint8_t> taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

 private:
  std::span<const uint8_t> rest_;
};

}  // namespace mm::fuzz
