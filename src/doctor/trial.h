// SPDX-License-Identifier: MIT
// What doctor's own connections are made of: a local end that is no socket, and an owner that
// keeps how the tunnel ended.
#pragma once

#include <memory>
#include <optional>

#include "doctor/context.h"
#include "net/stream.h"
#include "tunnel/tunnel_set.h"

namespace mm::doctor {

// Gives so many zeros and then its end; takes and counts whatever comes.
class Load final : public net::Stream {
 public:
  struct Tally {
    uint64_t left_bytes = 0;  // to give
    uint64_t taken_bytes = 0;
    base::TimePoint first_time{};  // that something was taken
    base::TimePoint last_time{};
  };

  Load(net::Loop& loop, Tally& tally);  // both outlive it

  ReadResult read(size_t most_bytes) override;
  void wait_readable(std::function<void()> handler) override;
  base::StatusOr<size_t> write(std::span<const base::Bytes> pieces) override;
  void wait_writable(std::function<void()> handler) override;
  void wait_reset(std::function<void()>) override {}
  base::Status shutdown_write() override { return absl::OkStatus(); }
  size_t unacknowledged_bytes() const override { return 0; }
  void reset() override {}

 private:
  net::Loop& loop_;
  Tally& tally_;
  net::Timer readable_;
  net::Timer writable_;
};

// Owns what is said of one tunnel, and stops the loop at each news.
class Trial final : public tunnel::Tunnel::Owner {
 public:
  explicit Trial(net::Loop& loop) : loop_(loop) {}  // outlives it

  const std::optional<tunnel::Tunnel::Ending>& ending() const { return ending_; }

 private:
  void on_refused(tunnel::Tunnel& tunnel, const base::Status& status) override;
  void on_lane_lost(tunnel::Tunnel&, const base::Status&) override {}
  void on_lane_back(tunnel::Tunnel&) override {}
  void on_move_asked(tunnel::Tunnel& tunnel) override { tunnel.move(); }
  void on_local_over(tunnel::Tunnel&, const tunnel::Tunnel::Ending& ending) override;
  void on_ended(tunnel::Tunnel&) override {}

  net::Loop& loop_;
  std::optional<tunnel::Tunnel::Ending> ending_;  // of its local end
};

// Resets what is still open, and gives the other ends a moment to hear of it. Nothing of the set is
// left in the loop then, so that it may go while the loop runs on.
void leave(net::Loop& loop, tunnel::TunnelSet& tunnels);

}  // namespace mm::doctor
