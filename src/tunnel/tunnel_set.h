// SPDX-License-Identifier: MIT
// TunnelSet: owns all tunnels of one process, and ends them when it stops. Used by share and
// connect, which decide what each tunnel's events mean.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "net/loop.h"
#include "tunnel/tunnel.h"
#include "wire/budget.h"

namespace mm::tunnel {

class TunnelSet final : public Tunnel::Owner {
 public:
  explicit TunnelSet(net::Loop& loop);

  // A new tunnel, owned here until it has ended; its events go to `owner`, which outlives it.
  Tunnel& open(Tunnel::Owner& owner, std::string log_id, std::string local_name);

  // Lets the open tunnels end by themselves for a while (2 s), resets the others, and calls
  // `on_empty` when none is left.
  void stop(std::function<void()> on_empty);

  // Resets the open tunnels now.
  void abort_all();

 private:
  struct Entry {
    std::unique_ptr<Tunnel> tunnel;
    Tunnel::Owner* owner;
  };

  void on_lane_refused(Tunnel& tunnel, const base::Status& status) override;
  void on_ended(Tunnel& tunnel, const Tunnel::Ending& ending) override;
  void check_empty();

  net::Loop& loop_;  // borrowed: outlives us
  wire::Budget budget_;
  std::unordered_map<Tunnel*, Entry> tunnels_;
  net::Timer stop_timer_;
  std::function<void()> on_empty_;
};

}  // namespace mm::tunnel
