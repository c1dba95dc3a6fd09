// SPDX-License-Identifier: MIT
// Tunnel: a conduit, its local socket and its current lane: the stream-to-socket adapter, the same
// class in share and in connect. Every handler is a few lines and ends in pump(), the only function
// that reads, writes or ends anything. Knows no gRPC, no names and no router.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "net/loop.h"
#include "net/stream.h"
#include "wire/budget.h"
#include "wire/conduit.h"
#include "wire/lane.h"

namespace mm::tunnel {

class Tunnel final : public wire::Lane::Listener {
 public:
  struct Ending {
    bool is_clean = false;         // both directions ended in order
    std::string why;               // "done", or what happened, for people
    uint64_t sent_bytes = 0;       // read from the local socket
    uint64_t delivered_bytes = 0;  // written to it
  };

  // Called on the loop, never from within a call to the tunnel. It does not destroy the tunnel
  // there: that is for a later turn of the loop.
  class Owner {
   public:
    virtual ~Owner() = default;

    // The lane ended before the peer said anything, and the bytes so far can go over another one:
    // attach() that, or abort().
    virtual void on_lane_refused(Tunnel& tunnel, const base::Status& status) = 0;

    // Once, the last call: local socket and lane are gone.
    virtual void on_ended(Tunnel& tunnel, const Ending& ending) = 0;
  };

  using OpenLane = std::function<std::unique_ptr<wire::Lane>(wire::Lane::Listener&)>;

  // `log_id` names the conduit in logs; `local_name` is what people call the local side
  // ("application", "target"). Loop, budget and owner outlive the tunnel.
  Tunnel(net::Loop& loop, wire::Budget& budget, Owner& owner, std::string log_id,
         std::string local_name);

  // Resets what is still open.
  ~Tunnel() override;

  // Gives it its local connection. Once; before or after attach().
  void set_local(std::unique_ptr<net::Stream> local);

  // Gives it a lane. Require: it has none.
  void attach(const OpenLane& open_lane);

  // Ends it now, for a reason of ours: the peer and the local socket see a reset.
  void abort(wire::Reset reset);

  const std::string& log_id() const { return log_id_; }
  bool has_lane() const { return lane_ != nullptr; }

  void on_message(std::vector<base::Bytes> message) override;
  void on_written() override;
  void on_closed(const base::Status& status) override;

 private:
  // What is left to do at this end.
  enum class Phase {
    kOpen,      // bytes move
    kFlushing,  // the peer reset: what came before goes to the local socket, then a reset
    kLeaving,   // the local socket is gone; the lane carries its last frames
    kEnded,
  };

  void pump();
  void read_local();
  void take_local(net::Stream::ReadResult result);
  void wait_for_local();
  void write_local();
  void write_lane();
  void settle();
  void local_was_reset();
  void leave(bool is_clean, std::string why);
  void end();
  void enter(Phase next);
  bool is_flushed() const;
  void linger();
  void look_again();
  void arm_ack_timer();
  bool is_local_gone() const { return reset_noticed_ || write_failed_; }

  net::Loop& loop_;  // borrowed: outlives us
  Owner& owner_;     // borrowed: outlives us
  std::string log_id_;
  std::string local_name_;
  wire::Conduit conduit_;
  std::unique_ptr<net::Stream> local_;
  std::unique_ptr<wire::Lane> lane_;
  Phase phase_ = Phase::kOpen;
  Ending ending_;

  bool read_over_ = false;      // end of stream or reset was read
  bool write_failed_ = false;   // the local socket takes no more
  bool reset_noticed_ = false;  // what it still has may be read, but it does not end in order
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool waiting_reset_ = false;
  bool lane_busy_ = false;
  bool lane_half_closed_ = false;

  std::optional<net::Timer> first_frame_timer_;  // until the peer was heard
  net::Timer ack_timer_;
  net::Timer linger_timer_;
  bool lingering_ = false;
  base::Duration linger_step_{};
  base::TimePoint linger_progress_time_{};
  uint64_t linger_progress_bytes_ = 0;
};

}  // namespace mm::tunnel
