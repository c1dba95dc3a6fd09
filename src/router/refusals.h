// SPDX-License-Identifier: MIT
// Counts what the router refused, dropped or cut, by reason, and logs what no user should meet
// without letting whoever is refused fill the log. Loop only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace mm::router {

class Refusals {
 public:
  Refusals();

  // Require: `reason` is in the table (refusals.cc).
  void count(std::string_view reason, std::string_view caller, base::TimePoint now);

  uint64_t total() const { return total_; }
  // Every reason of the table, also those that have not come up.
  std::vector<std::pair<std::string, uint64_t>> counts() const;

 private:
  struct Reason {
    bool is_usual = false;  // nothing that needs somebody to look at it
    uint64_t count = 0;
    uint64_t logged = 0;  // the count when it was logged last
    base::TimePoint logged_at{};
  };

  std::map<std::string, Reason, std::less<>> reasons_;
  uint64_t total_ = 0;
};

}  // namespace mm::router
