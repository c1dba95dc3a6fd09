// SPDX-License-Identifier: MIT
#include "tunnel/router_watch.h"

#include <utility>

namespace mm::tunnel {
namespace {

// A front end that cuts a stream at its hour is back within this.
constexpr base::Duration kPatience = std::chrono::milliseconds(500);

}  // namespace

RouterWatch::RouterWatch(net::Loop& loop, Told told)
    : loop_(loop), told_(std::move(told)), patience_(loop) {}

void RouterWatch::lost(std::string why) {
  if (lost_time_) return;
  lost_time_ = loop_.clock().now();
  patience_.after(kPatience, [this, why = std::move(why)] {
    state_ = State::kOffline;
    told_.offline(why);
  });
}

void RouterWatch::back() {
  patience_.cancel();
  const std::optional<base::TimePoint> lost = std::exchange(lost_time_, std::nullopt);
  const State before = std::exchange(state_, State::kOnline);
  if (before == State::kOffline) return told_.online(loop_.clock().now() - *lost);
  if (before == State::kUnknown) told_.online(std::nullopt);
}

}  // namespace mm::tunnel
