// SPDX-License-Identifier: MIT
// Replay: the bytes [una, end) of one direction, which the peer has not acknowledged, as a queue
// of blocks by reference. Blocks are never reused while referenced: gRPC may still hold those of a
// lane that is gone. Used by conduit.cc alone.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"

namespace mm::wire {

class Replay {
 public:
  uint64_t una() const { return una_; }
  uint64_t end() const { return end_; }

  // Memory that the queue keeps from being freed.
  size_t pinned_bytes() const { return pinned_bytes_; }

  void append(base::Bytes bytes);

  // The peer has everything before `offset`. Require: una <= offset <= end.
  void release_through(uint64_t offset);

  // At most `most_bytes` from `offset` on, by reference. Require: una <= offset <= end. Successive
  // calls with rising offsets take constant time per block.
  std::vector<base::Bytes> view(uint64_t offset, size_t most_bytes);

  void clear();  // forgets all that is held, keeps the offsets

 private:
  void shrink_front();

  // Less than this of a block's bytes is copied, so that it does not pin the block.
  static constexpr size_t kLeftoverBytes = 4 << 10;

  std::deque<base::Bytes> blocks_;
  size_t pinned_bytes_ = 0;
  uint64_t una_ = 0;
  uint64_t end_ = 0;
  // where the last view() stopped: the block, and the offset of its first byte
  size_t cursor_block_ = 0;
  uint64_t cursor_offset_ = 0;
};

}  // namespace mm::wire
