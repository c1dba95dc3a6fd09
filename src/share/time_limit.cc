// SPDX-License-Identifier: MIT
#include "share/time_limit.h"

#include <utility>

namespace mm::share {

TimeLimit::TimeLimit(net::Loop& loop, const tunnel::TunnelSet& tunnels,
                     const config::ShareConfig& config,
                     std::function<void(const std::string& why)> on_over)
    : loop_(loop),
      tunnels_(tunnels),
      on_over_(std::move(on_over)),
      life_timer_(loop),
      idle_timer_(loop) {
  if (config.life) life_timer_.after(*config.life, [this] { over("its time (--for) is over"); });
  if (config.idle_life) look_if_idle(*config.idle_life);
}

void TimeLimit::look_if_idle(base::Duration most) {
  const base::Duration idle = loop_.clock().now() - tunnels_.last_used();
  if (idle >= most) return over("nobody was connected for the time of --idle-exit");
  idle_timer_.after(most - idle, [this, most] { look_if_idle(most); });
}

void TimeLimit::over(const std::string& why) {
  if (on_over_) std::exchange(on_over_, nullptr)(why);
}

}  // namespace mm::share
