// SPDX-License-Identifier: MIT
// The process's memory for bytes in flight: replay buffers and granted windows of all conduits
// share it. A used-up budget stops growth; what each conduit owns outside it (conduit.h) is never
// touched, so every connection always moves.
#pragma once

#include <cstddef>

namespace mm::wire {

class Budget {
 public:
  static constexpr size_t kDefaultBytes = 256 << 20;

  explicit Budget(size_t total_bytes = kDefaultBytes) : total_bytes_(total_bytes) {}

  size_t available_bytes() const {
    return used_bytes_ < total_bytes_ ? total_bytes_ - used_bytes_ : 0;
  }
  size_t used_bytes() const { return used_bytes_; }

 private:
  friend class Charge;
  size_t total_bytes_;
  size_t used_bytes_ = 0;
};

// One conduit's part of the budget; given back with it.
class Charge {
 public:
  explicit Charge(Budget& budget) : budget_(budget) {}
  ~Charge() { set(0); }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

  // Changes what is charged to `bytes`. May take the budget over its total by what is in hand
  // already; who wants to stay within asks available_bytes() first.
  void set(size_t bytes) {
    budget_.used_bytes_ = budget_.used_bytes_ - bytes_ + bytes;
    bytes_ = bytes;
  }

 private:
  Budget& budget_;  // borrowed: outlives us
  size_t bytes_ = 0;
};

}  // namespace mm::wire
