// SPDX-License-Identifier: MIT
#include "net/read_block.h"

#include <doctest/doctest.h>

#include <cstring>

using mm::base::Bytes;
using mm::net::ReadBlock;

TEST_CASE("read block: few bytes are copied exactly, and the memory is used again") {
  ReadBlock block;
  const uint8_t* const memory = block.space().data();
  std::memcpy(block.space().data(), "hello", 5);
  const Bytes bytes = block.take(5);
  std::memcpy(block.space().data(), "other", 5);
  CHECK(block.space().data() == memory);
  CHECK(bytes.text() == "hello");
  CHECK(bytes.pinned_bytes() == 5);
}

TEST_CASE("read block: from half of its capacity it is handed over, and never written again") {
  ReadBlock block;
  const uint8_t* const memory = block.space().data();
  const size_t half = ReadBlock::kCapacityBytes / 2;
  std::memset(block.space().data(), 'a', half);
  const Bytes bytes = block.take(half);
  CHECK(bytes.data() == memory);
  CHECK(bytes.size() == half);
  CHECK(bytes.pinned_bytes() == ReadBlock::kCapacityBytes);
  CHECK(block.space().data() != memory);
}
