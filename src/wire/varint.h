// SPDX-License-Identifier: MIT
// The protobuf wire format, as much of it as a Frame needs: writing varints, and reading a message
// that lies in several pieces without copying its payload. Used by frame.cc alone.
// Source: https://protobuf.dev/programming-guides/encoding
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace mm::wire {

enum WireType : uint64_t { kWireVarint = 0, kWireFixed64 = 1, kWireBytes = 2, kWireFixed32 = 5 };

// Appends to memory of a fixed size. Require: it fits.
class HeaderWriter {
 public:
  explicit HeaderWriter(std::span<uint8_t> memory) : memory_(memory) {}

  void push_back(uint8_t byte) {
    MM_CHECK(size_ < memory_.size());
    memory_[size_++] = byte;
  }
  size_t size() const { return size_; }

 private:
  std::span<uint8_t> memory_;
  size_t size_ = 0;
};

template <typename Out>
void put_varint(Out& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<uint8_t>(value));
}

class MessageReader {
 public:
  // `pieces` outlives the reader.
  explicit MessageReader(const std::vector<base::Bytes>& pieces);

  size_t remaining() const { return remaining_; }

  // Nothing: the message ends inside it, or it does not fit 64 bits.
  std::optional<uint64_t> varint();

  // Appends the next `count` bytes to `out`, by reference. False: there are not so many.
  bool take(uint64_t count, std::vector<base::Bytes>& out);

  // False: the message ends inside the value, or the type is not one of proto3's.
  bool skip_value(uint64_t wire_type);

 private:
  std::optional<uint8_t> byte();
  void advance(size_t count);

  const std::vector<base::Bytes>& pieces_;
  size_t piece_ = 0;   // index of the current piece
  size_t offset_ = 0;  // in it
  size_t remaining_ = 0;
};

}  // namespace mm::wire
