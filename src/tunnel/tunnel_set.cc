// SPDX-License-Identifier: MIT
#include "tunnel/tunnel_set.h"

#include <utility>
#include <vector>

namespace mm::tunnel {
namespace {

// What a stopping process leaves to open connections; within what people wait for a Ctrl-C.
constexpr base::Duration kDrain = std::chrono::seconds(2);

}  // namespace

TunnelSet::TunnelSet(net::Loop& loop) : loop_(loop), stop_timer_(loop) {}

Tunnel& TunnelSet::open(Tunnel::Owner& owner, std::string log_id, std::string local_name) {
  auto tunnel =
      std::make_unique<Tunnel>(loop_, budget_, *this, std::move(log_id), std::move(local_name));
  Tunnel& opened = *tunnel;
  tunnels_.emplace(&opened, Entry{std::move(tunnel), &owner});
  return opened;
}

void TunnelSet::stop(std::function<void()> on_empty) {
  on_empty_ = std::move(on_empty);
  stop_timer_.after(kDrain, [this] { abort_all(); });
  check_empty();
}

void TunnelSet::abort_all() {
  std::vector<Tunnel*> open;
  for (const auto& [tunnel, entry] : tunnels_) open.push_back(tunnel);
  for (Tunnel* tunnel : open) {
    tunnel->abort({wire::ResetCode::kStopped, "the other end's process was stopped"});
  }
}

void TunnelSet::check_empty() {
  if (on_empty_ && tunnels_.empty()) loop_.post(std::exchange(on_empty_, nullptr));
}

void TunnelSet::on_lane_refused(Tunnel& tunnel, const base::Status& status) {
  tunnels_.at(&tunnel).owner->on_lane_refused(tunnel, status);
}

void TunnelSet::on_ended(Tunnel& tunnel, const Tunnel::Ending& ending) {
  tunnels_.at(&tunnel).owner->on_ended(tunnel, ending);
  // Destroyed in a later turn: this call comes from the tunnel.
  loop_.post([this, &tunnel] {
    tunnels_.erase(&tunnel);
    check_empty();
  });
}

}  // namespace mm::tunnel
