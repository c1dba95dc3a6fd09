// SPDX-License-Identifier: MIT
// Bytes: a view of immutable, reference-counted memory. It is what a byte of a forwarded
// connection travels in, from the socket that it was read from to the one that it is written to.
// Copying one copies a pointer and a count; the memory lives until the last view is gone, on
// whichever thread that is (gRPC drops slices on its own).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace mm::base {

class Bytes {
 public:
  Bytes() = default;

  // A view of `view` that keeps `owner` alive. Require: owner keeps view's memory valid and
  // unchanged. `pinned_bytes` is how much memory the owner holds for it (for budgets).
  Bytes(std::shared_ptr<const void> owner, std::span<const uint8_t> view, size_t pinned_bytes)
      : owner_(std::move(owner)), view_(view), pinned_bytes_(pinned_bytes) {}

  static Bytes copy_of(std::span<const uint8_t> source);
  static Bytes copy_of(std::string_view source);

  const uint8_t* data() const { return view_.data(); }
  size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  std::span<const uint8_t> span() const { return view_; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(view_.data()), view_.size()};
  }

  // Memory that this view keeps from being freed; at least size().
  size_t pinned_bytes() const { return pinned_bytes_; }

  // The part [from, from + count), sharing the memory. Require: from + count <= size().
  Bytes slice(size_t from, size_t count) const;
  void remove_prefix(size_t count);

 private:
  std::shared_ptr<const void> owner_;
  std::span<const uint8_t> view_;
  size_t pinned_bytes_ = 0;
};

}  // namespace mm::base
