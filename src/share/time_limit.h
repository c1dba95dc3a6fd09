// SPDX-License-Identifier: MIT
// TimeLimit: ends a share that was to last for so long (--for), or that nobody uses any more
// (--idle-exit), so that a forgotten one keeps nothing open and no router busy.
#pragma once

#include <functional>
#include <string>

#include "config/config.h"
#include "net/loop.h"
#include "tunnel/tunnel_set.h"

namespace mm::share {

class TimeLimit {
 public:
  // `on_over(why)` is called at most once, on the loop. All borrowed, and outlive it.
  TimeLimit(net::Loop& loop, const tunnel::TunnelSet& tunnels, const config::ShareConfig& config,
            std::function<void(const std::string& why)> on_over);

 private:
  void look_if_idle(base::Duration most);
  void over(const std::string& why);

  net::Loop& loop_;
  const tunnel::TunnelSet& tunnels_;
  std::function<void(const std::string& why)> on_over_;
  net::Timer life_timer_;
  net::Timer idle_timer_;
};

}  // namespace mm::share
