// SPDX-License-Identifier: MIT
// LastWord: a lane that says one frame to a peer that came back for a connection which is over, or
// which this share never had, and is half-closed behind it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "net/loop.h"
#include "wire/frame.h"
#include "wire/lane.h"

namespace mm::share {

class LastWord final : private wire::Lane::Listener {
 public:
  using OpenLane = std::function<std::unique_ptr<wire::Lane>(wire::Lane::Listener&)>;

  // `on_said` is called once, in a later turn of the loop: it was said, or nobody came to hear it
  // in time. It destroys the object. The loop outlives it.
  LastWord(net::Loop& loop, const OpenLane& open_lane, wire::Frame frame,
           std::function<void()> on_said);

 private:
  void on_message(std::vector<base::Bytes>) override {}
  void on_written() override {}
  void on_closed(const base::Status&) override { patience_.after({}, on_said_); }

  const std::function<void()> on_said_;
  net::Timer patience_;
  std::unique_ptr<wire::Lane> lane_;  // last: it goes first, and calls nobody after
};

}  // namespace mm::share
