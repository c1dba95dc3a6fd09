// SPDX-License-Identifier: MIT
// RouterWatch: whether the router can be reached, as all calls and lanes of a process tell it, and
// for how long it could not. A loss that is mended at once is not worth a line.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/loop.h"

namespace mm::tunnel {

class RouterWatch {
 public:
  struct Told {
    std::function<void(const std::string& why)> offline;
    // `away`: nothing, if it was never told offline.
    std::function<void(std::optional<base::Duration> away)> online;
  };

  // Each is told when it changes. The loop outlives it.
  RouterWatch(net::Loop& loop, Told told);

  void lost(std::string why);
  void back();

 private:
  enum class State { kUnknown, kOnline, kOffline };

  net::Loop& loop_;
  const Told told_;
  State state_ = State::kUnknown;
  std::optional<base::TimePoint> lost_time_;
  net::Timer patience_;
};

}  // namespace mm::tunnel
