// SPDX-License-Identifier: MIT
#include "tunnel/tunnel_set.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace mm::tunnel {
namespace {

// What a stopping process leaves to open connections, and then to their resets; within what people
// wait for a Ctrl-C.
constexpr base::Duration kDrain = std::chrono::seconds(2);
constexpr base::Duration kLastWords = std::chrono::seconds(2);
constexpr base::Duration kHurriedLastWords = std::chrono::milliseconds(500);

}  // namespace

TunnelSet::TunnelSet(net::Loop& loop, base::Random& random, const Timing& timing,
                     size_t budget_bytes)
    : loop_(loop),
      timing_(timing),
      budget_(budget_bytes),
      context_{loop, random, budget_, timing_},
      emptied_time_(loop.clock().now()),
      stop_timer_(loop) {}

Tunnel& TunnelSet::open(Tunnel::Owner& owner, std::string log_id, std::string local_name,
                        wire::Protection protection) {
  auto tunnel = std::make_unique<Tunnel>(context_, *this, std::move(log_id), std::move(local_name),
                                         protection);
  Tunnel& opened = *tunnel;
  places_[&opened] = tunnels_.insert(tunnels_.end(), {std::move(tunnel), &owner});
  return opened;
}

void TunnelSet::retry_now() {
  for (const Entry& entry : tunnels_) entry.tunnel->retry_now();
}

void TunnelSet::stop(std::function<void()> on_empty) {
  on_empty_ = std::move(on_empty);
  stop_timer_.after(kDrain, [this] {
    const bool have_said_all =
        std::all_of(tunnels_.begin(), tunnels_.end(),
                    [](const Entry& entry) { return entry.tunnel->is_local_over(); });
    if (have_said_all) return drop_all();  // and had their time
    abort_all(kLastWords);
  });
  check_empty();
}

void TunnelSet::hurry() { abort_all(kHurriedLastWords); }

void TunnelSet::abort_all(base::Duration last_words) {
  for (const Entry& entry : tunnels_) {
    entry.tunnel->abort({wire::ResetCode::kStopped, "the other end's process was stopped"},
                        "this process was stopped");
  }
  stop_timer_.after(last_words, [this] { drop_all(); });
}

// In a later turn: what the tunnels have posted of themselves comes before.
void TunnelSet::drop_all() {
  loop_.post([this] {
    places_.clear();
    tunnels_.clear();
    check_empty();
  });
}

void TunnelSet::each_open(const std::function<void(const Tunnel&)>& visit) const {
  for (const Entry& entry : tunnels_) {
    if (entry.tunnel->is_open()) visit(*entry.tunnel);
  }
}

size_t TunnelSet::open_count() const {
  return static_cast<size_t>(
      std::count_if(tunnels_.begin(), tunnels_.end(),
                    [](const Entry& entry) { return entry.tunnel->is_open(); }));
}

base::TimePoint TunnelSet::last_used() const {
  return tunnels_.empty() ? emptied_time_ : loop_.clock().now();
}

void TunnelSet::check_empty() {
  emptied_time_ = loop_.clock().now();
  if (on_empty_ && tunnels_.empty()) loop_.post(std::exchange(on_empty_, nullptr));
}

void TunnelSet::on_refused(Tunnel& tunnel, const base::Status& status) {
  owner_of(tunnel).on_refused(tunnel, status);
}

void TunnelSet::on_lane_lost(Tunnel& tunnel, const base::Status& status) {
  owner_of(tunnel).on_lane_lost(tunnel, status);
}

void TunnelSet::on_lane_back(Tunnel& tunnel) { owner_of(tunnel).on_lane_back(tunnel); }

void TunnelSet::on_move_asked(Tunnel& tunnel) { owner_of(tunnel).on_move_asked(tunnel); }

void TunnelSet::on_local_over(Tunnel& tunnel, const Tunnel::Ending& ending) {
  owner_of(tunnel).on_local_over(tunnel, ending);
}

void TunnelSet::on_ended(Tunnel& tunnel) {
  owner_of(tunnel).on_ended(tunnel);
  // Destroyed in a later turn: this call comes from the tunnel.
  loop_.post([this, &tunnel] {
    const auto place = places_.find(&tunnel);
    if (place == places_.end()) return;
    tunnels_.erase(place->second);
    places_.erase(place);
    check_empty();
  });
}

}  // namespace mm::tunnel
