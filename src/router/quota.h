// SPDX-License-Identifier: MIT
// Quota: how much each person and each ticket may use at once. Who is known by no more than an
// address has none here: an office has one address, and so has everybody behind a front end. Loop
// only.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "router/caller.h"
#include "router/limits.h"

namespace mm::router {

class Quota {
 public:
  explicit Quota(const Limits& limits) : limits_(limits) {}

  // How many of `count` connections the caller may open now; zero: they open too many a second.
  size_t take_opens(const Caller& caller, size_t count, base::TimePoint now);

  bool has_room(const Caller& caller) const;  // for one more connection
  void opened(const Caller& caller, base::TimePoint now);
  void closed(const Caller& caller);  // Require: opened()

 private:
  struct Use {
    size_t connections = 0;
    double opens = 0;  // that may come at once
    base::TimePoint counted{};
  };

  Use& use_of(const Caller& caller, base::TimePoint now);

  const Limits& limits_;
  std::map<std::string, Use> uses_;
};

}  // namespace mm::router
