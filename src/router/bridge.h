// SPDX-License-Identifier: MIT
// Bridge: two lanes joined. Each direction reads one message, writes it to the other lane, and
// only then reads the next: back-pressure is gRPC's, and at most one message a direction is held.
// Frames are never parsed. Made and ended by the switchboard on the loop; messages move on the
// completion threads without it. Each direction has one owner at a time, whoever holds its message;
// what the two share is in the lanes' gates.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "router/lane.h"

namespace mm::router {

enum class Role { kShare, kConnect };

// What is forwarded for one service, over all its bridges. Written by any thread.
struct Traffic {
  std::atomic<uint64_t> connections{0};  // open now
  std::atomic<uint64_t> bytes{0};        // both directions, frames included
  base::TimePoint share_lost_time{};     // of the last bridge that its share left. Loop only
};

class Bridge final : public Lane::Listener, public std::enable_shared_from_this<Bridge> {
 public:
  // `on_half_closed` is told, on a completion thread, at most once for each lane, that it reads
  // nothing more; the loop then calls half_closed().
  using HalfClosed = std::function<void(std::shared_ptr<Bridge>, Role)>;

  Bridge(std::shared_ptr<Lane> share, std::shared_ptr<Lane> connect,
         std::shared_ptr<Traffic> traffic, HalfClosed on_half_closed);

  // Both lanes are read from now on. Require: they were admitted.
  void start();

  // --- on the loop ---

  // Nothing more comes from this lane, and all it sent is written to the other. When that is so of
  // both, they end; true: now they do. Not before, or an end would take its lane's end for a sign
  // that the other one has heard it. Whether a lane ended in order or is lost, its call's end
  // tells.
  bool half_closed(Role role);

  // The lane's call is over. `was_lost`: neither its end nor we ended it in order.
  void lane_over(const Lane& lane, bool was_lost);

  // Ends both lanes in their turn.
  void finish(LaneEnd end);

  // Cuts off whichever lane is not over yet.
  void cancel();
  bool was_cancelled() const { return was_cancelled_; }

  bool is_ending() const { return is_ending_; }
  bool is_over() const { return over_[0] && over_[1]; }
  static constexpr std::string_view kShareLost = "share lost";

  // kShareLost, "done", "connect lost" or "ended". Require: is_over().
  std::string_view why() const { return why_; }
  uint64_t bytes_from(Role role) const;  // any thread
  Role role_of(const Lane& lane) const;  // any thread. Require: it is one of the two

 private:
  void on_read(Lane& lane, bool ok) override;
  void on_written(Lane& lane, bool ok) override;

  Lane& lane(Role role) const { return *lanes_[static_cast<size_t>(role)]; }

  const std::array<std::shared_ptr<Lane>, 2> lanes_;  // by Role
  const std::shared_ptr<Traffic> traffic_;
  const HalfClosed on_half_closed_;
  std::array<std::atomic<uint64_t>, 2> bytes_{};  // by the Role that they came from

  // Loop only.
  std::array<bool, 2> half_closed_{};
  std::array<bool, 2> over_{};
  bool is_ending_ = false;
  bool was_cancelled_ = false;
  std::string_view why_;
};

}  // namespace mm::router
