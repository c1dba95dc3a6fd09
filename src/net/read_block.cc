// SPDX-License-Identifier: MIT
#include "net/read_block.h"

#include "base/check.h"

namespace mm::net {

std::span<uint8_t> ReadBlock::space() {
  if (!memory_) memory_.reset(new uint8_t[kCapacityBytes]);  // not zeroed: the kernel fills it
  return {memory_.get(), kCapacityBytes};
}

base::Bytes ReadBlock::take(size_t filled_bytes) {
  MM_CHECK(memory_ && filled_bytes <= kCapacityBytes);
  const std::span<const uint8_t> filled(memory_.get(), filled_bytes);
  if (filled_bytes < kCapacityBytes / 2) return base::Bytes::copy_of(filled);
  return base::Bytes(std::move(memory_), filled, kCapacityBytes);
}

}  // namespace mm::net
