// SPDX-License-Identifier: MIT
// Counts what the router's limits refused, by reason, and logs it without letting whoever is
// refused fill the log. Loop only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace mm::router {

class Refusals {
 public:
  void count(std::string_view reason, std::string_view caller, base::TimePoint now);

  uint64_t total() const { return total_; }

 private:
  struct Reason {
    uint64_t count = 0;
    uint64_t logged = 0;  // the count when it was logged last
    base::TimePoint logged_at;
  };

  std::map<std::string, Reason, std::less<>> reasons_;
  uint64_t total_ = 0;
};

}  // namespace mm::router
