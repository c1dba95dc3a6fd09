// SPDX-License-Identifier: MIT
// ReadBlock: the memory that all streams of a loop read into, one after the other, so that an idle
// connection holds no buffer. Owned by the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"

namespace mm::net {

class ReadBlock {
 public:
  // One frame's worth of data (proto/PROTOCOL.md: at most 262 144 bytes), in one system call.
  static constexpr size_t kCapacityBytes = 256 << 10;

  // Where to read into. Valid until take().
  std::span<uint8_t> space();

  // The first `filled_bytes` of space(). A block that is less than half full is copied from and
  // used again; a fuller one is handed over whole, uncopied, and pins its capacity.
  base::Bytes take(size_t filled_bytes);

 private:
  std::shared_ptr<uint8_t[]> memory_;
};

}  // namespace mm::net
