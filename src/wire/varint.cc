// SPDX-License-Identifier: MIT
#include "wire/varint.h"

#include <algorithm>

namespace mm::wire {

MessageReader::MessageReader(const std::vector<base::Bytes>& pieces) : pieces_(pieces) {
  for (const base::Bytes& piece : pieces) remaining_ += piece.size();
}

std::optional<uint64_t> MessageReader::varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::optional<uint8_t> next = byte();
    if (!next) return std::nullopt;
    if (shift == 63 && *next > 1) return std::nullopt;
    value |= static_cast<uint64_t>(*next & 0x7f) << shift;
    if (*next < 0x80) return value;
  }
  return std::nullopt;
}

bool MessageReader::take(uint64_t count, std::vector<base::Bytes>& out) {
  if (count > remaining_) return false;
  auto left = static_cast<size_t>(count);
  while (left > 0) {
    const base::Bytes& piece = pieces_[piece_];
    const size_t part = std::min(left, piece.size() - offset_);
    if (part > 0) out.push_back(piece.slice(offset_, part));
    advance(part);
    left -= part;
  }
  return true;
}

bool MessageReader::skip_value(uint64_t wire_type) {
  std::vector<base::Bytes> skipped;
  switch (wire_type) {
    case kWireVarint:
      return varint().has_value();
    case kWireFixed64:
      return take(8, skipped);
    case kWireFixed32:
      return take(4, skipped);
    case kWireBytes: {
      const std::optional<uint64_t> size = varint();
      return size && take(*size, skipped);
    }
    default:
      return false;
  }
}

std::optional<uint8_t> MessageReader::byte() {
  if (remaining_ == 0) return std::nullopt;
  while (offset_ == pieces_[piece_].size()) advance(0);
  const uint8_t value = pieces_[piece_].data()[offset_];
  advance(1);
  return value;
}

// Moves on by `count` bytes of the current piece, and to the next piece when it is used up.
void MessageReader::advance(size_t count) {
  offset_ += count;
  remaining_ -= count;
  if (offset_ == pieces_[piece_].size()) {
    ++piece_;
    offset_ = 0;
  }
}

}  // namespace mm::wire
