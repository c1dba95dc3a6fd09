// SPDX-License-Identifier: MIT
#include "wire/replay.h"

#include <algorithm>

#include "base/check.h"

namespace mm::wire {

void Replay::append(base::Bytes bytes) {
  if (bytes.empty()) return;
  end_ += bytes.size();
  pinned_bytes_ += bytes.pinned_bytes();
  blocks_.push_back(std::move(bytes));
}

void Replay::release_through(uint64_t offset) {
  MM_CHECK(una_ <= offset && offset <= end_);
  while (una_ < offset) {
    base::Bytes& front = blocks_.front();
    if (una_ + front.size() > offset) {
      front.remove_prefix(static_cast<size_t>(offset - una_));
      una_ = offset;
      shrink_front();
    } else {
      una_ += front.size();
      pinned_bytes_ -= front.pinned_bytes();
      blocks_.pop_front();
      if (cursor_block_ > 0) --cursor_block_;
    }
  }
  if (cursor_block_ == 0) cursor_offset_ = una_;
}

void Replay::shrink_front() {
  base::Bytes& front = blocks_.front();
  if (front.size() >= kLeftoverBytes || front.pinned_bytes() == front.size()) return;
  pinned_bytes_ -= front.pinned_bytes();
  front = base::Bytes::copy_of(front.span());
  pinned_bytes_ += front.pinned_bytes();
}

std::vector<base::Bytes> Replay::view(uint64_t offset, size_t most_bytes) {
  MM_CHECK(una_ <= offset && offset <= end_);
  if (offset < cursor_offset_) {  // a new lane goes back to what the peer has
    cursor_block_ = 0;
    cursor_offset_ = una_;
  }
  std::vector<base::Bytes> pieces;
  while (most_bytes > 0 && offset < end_) {
    const base::Bytes& block = blocks_[cursor_block_];
    const auto skip = static_cast<size_t>(offset - cursor_offset_);
    if (skip >= block.size()) {
      cursor_offset_ += block.size();
      ++cursor_block_;
      continue;
    }
    const size_t part = std::min(most_bytes, block.size() - skip);
    pieces.push_back(block.slice(skip, part));
    offset += part;
    most_bytes -= part;
  }
  return pieces;
}

void Replay::clear() {
  blocks_.clear();
  pinned_bytes_ = 0;
  una_ = end_;
  cursor_block_ = 0;
  cursor_offset_ = una_;
}

}  // namespace mm::wire
