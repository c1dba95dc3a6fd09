// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <cstring>

#include "base/check.h"

namespace mm::base {

Bytes Bytes::copy_of(std::span<const uint8_t> source) {
  if (source.empty()) return {};
  std::shared_ptr<uint8_t[]> memory(new uint8_t[source.size()]);  // not zeroed: it is filled here
  std::memcpy(memory.get(), source.data(), source.size());
  const std::span<const uint8_t> view(memory.get(), source.size());
  return Bytes(std::move(memory), view, source.size());
}

Bytes Bytes::copy_of(std::string_view source) {
  return copy_of(std::span(reinterpret_cast<const uint8_t*>(source.data()), source.size()));
}

Bytes Bytes::slice(size_t from, size_t count) const {
  MM_CHECK(from + count <= size());
  return Bytes(owner_, view_.subspan(from, count), pinned_bytes_);
}

void Bytes::remove_prefix(size_t count) {
  MM_CHECK(count <= size());
  view_ = view_.subspan(count);
}

}  // namespace mm::base
