// SPDX-License-Identifier: MIT
#include "share/last_word.h"

#include <utility>

namespace mm::share {
namespace {

// Longer than the router lets a lane wait alone (5 s). A peer that missed it asks again.
constexpr base::Duration kPatience = std::chrono::seconds(15);

}  // namespace

LastWord::LastWord(net::Loop& loop, const OpenLane& open_lane, wire::Frame frame,
                   std::function<void()> on_said)
    : on_said_(std::move(on_said)), patience_(loop), lane_(open_lane(*this)) {
  lane_->write_last(wire::encode(std::move(frame)));
  patience_.after(kPatience, on_said_);
}

}  // namespace mm::share
