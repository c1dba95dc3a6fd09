// SPDX-License-Identifier: MIT
// TunnelSet: owns all tunnels of one process, and ends them when it stops. Used by share and
// connect, which decide what each tunnel's events mean.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "net/loop.h"
#include "tunnel/tunnel.h"
#include "wire/budget.h"

namespace mm::tunnel {

class TunnelSet final : public Tunnel::Owner {
 public:
  // Loop and random outlive it. The tunnels share `budget_bytes` of memory (wire/budget.h).
  TunnelSet(net::Loop& loop, base::Random& random, const Timing& timing,
            size_t budget_bytes = wire::Budget::kDefaultBytes);

  // A new tunnel, owned here until it has ended; its events go to `owner`, which outlives it.
  Tunnel& open(Tunnel::Owner& owner, std::string log_id, std::string local_name,
               wire::Protection protection = wire::Protection::kNone);

  // As Tunnel's, for each.
  void retry_now();

  // Lets the tunnels end by themselves for a while (2 s), resets those that are open still, gives
  // these 2 s to tell the peer, and calls `on_empty` when none is left.
  void stop(std::function<void()> on_empty);

  // After `stop`: resets the open tunnels now, and gives half a second to tell the peer.
  void hurry();

  // Those whose local connection is open, the oldest first.
  void each_open(const std::function<void(const Tunnel&)>& visit) const;

  size_t size() const { return tunnels_.size(); }
  size_t open_count() const;  // tunnels whose local connection is open
  // When there last was a tunnel; the set's beginning, if there was none yet.
  base::TimePoint last_used() const;

 private:
  struct Entry {
    std::unique_ptr<Tunnel> tunnel;
    Tunnel::Owner* owner;
  };

  Tunnel::Owner& owner_of(Tunnel& tunnel) { return *places_.at(&tunnel)->owner; }
  void on_refused(Tunnel& tunnel, const base::Status& status) override;
  void on_lane_lost(Tunnel& tunnel, const base::Status& status) override;
  void on_lane_back(Tunnel& tunnel) override;
  void on_move_asked(Tunnel& tunnel) override;
  void on_local_over(Tunnel& tunnel, const Tunnel::Ending& ending) override;
  void on_ended(Tunnel& tunnel) override;
  void abort_all(base::Duration last_words);
  void drop_all();
  void check_empty();

  net::Loop& loop_;
  const Timing timing_;
  wire::Budget budget_;
  const Tunnel::Context context_;
  std::list<Entry> tunnels_;  // oldest first
  std::unordered_map<Tunnel*, std::list<Entry>::iterator> places_;
  base::TimePoint emptied_time_;
  net::Timer stop_timer_;
  std::function<void()> on_empty_;
};

}  // namespace mm::tunnel
