// SPDX-License-Identifier: MIT
// Tunnel: a conduit, its local socket and its lanes: the stream-to-socket adapter, the same class
// in share and in connect. Every handler is a few lines and ends in pump(), the only function that
// reads, writes or ends anything. Which lane there is, is Redial's. Knows no gRPC, no names and no
// router.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "net/loop.h"
#include "net/stream.h"
#include "tunnel/redial.h"
#include "wire/budget.h"
#include "wire/conduit.h"

namespace mm::tunnel {

class Tunnel final : private Redial::Host {
 public:
  // What all tunnels of a process share. Borrowed, and outlives them.
  struct Context {
    net::Loop& loop;
    base::Random& random;
    wire::Budget& budget;
    const Timing& timing;
  };

  struct Traffic {
    uint64_t sent_bytes = 0;       // read from the local socket
    uint64_t delivered_bytes = 0;  // written to it
  };

  struct Ending {
    bool is_clean = false;         // both directions ended in order
    wire::ResetCode code{};        // else: the reset's, the peer's or ours
    std::string why;               // "done", or what happened, for people
    uint64_t sent_bytes = 0;       // read from the local socket
    uint64_t delivered_bytes = 0;  // written to it
  };

  // Called on the loop, never from within a call to the tunnel. It does not destroy the tunnel
  // there: that is for a later turn of the loop.
  class Owner {
   public:
    virtual ~Owner() = default;

    // The token is no good, and the peer had said nothing: the bytes so far can go out under
    // another one: attach() that, or abort(). kNotFound: the router did not know it, so nobody
    // has any of them. kAborted: the share does not hold it (any more).
    virtual void on_refused(Tunnel& tunnel, const base::Status& status) = 0;

    // Lost its lane, or tried in vain to get another; or has one again. While it has none it holds
    // what the local side says, as far as there is room. kUnavailable: it is the router that is
    // lost.
    virtual void on_lane_lost(Tunnel& tunnel, const base::Status& status) = 0;
    virtual void on_lane_back(Tunnel& tunnel) = 0;

    // The peer asks for the lanes to be moved: move(), perhaps by another way.
    virtual void on_move_asked(Tunnel& tunnel) = 0;

    // The local connection is over. Once.
    virtual void on_local_over(Tunnel& tunnel, const Ending& ending) = 0;

    // Once, the last call: the peer knows all that it is to know, as far as it can be reached.
    virtual void on_ended(Tunnel& tunnel) = 0;
  };

  // `log_id` names the conduit in logs; `local_name` is what people call the local side
  // ("application", "target"). `protection` is what the local stream does with the bytes: the
  // tunnel only says it to the peer. The owner outlives the tunnel.
  Tunnel(const Context& context, Owner& owner, std::string log_id, std::string local_name,
         wire::Protection protection = wire::Protection::kNone);

  // Resets what is still open.
  ~Tunnel() override;

  // Gives it its local connection. Once; before or after attach().
  void set_local(std::unique_ptr<net::Stream> local);

  // Gives it a token's lanes. Once, and again after on_refused().
  void attach(Redial::OpenLane open_lane);

  // Opens another lane now: because it has none, or in place of the one that it has, which is left
  // only then.
  void move();

  // Without a lane, tries for one now in place of later: there may be a way again.
  void retry_now() { redial_.retry_now(); }

  // The peer opened a lane of this generation, and waits for one of ours.
  void meet(uint64_t peer_generation);

  // Asks the peer to move.
  void ask_move();

  // Ends it now, for a reason of ours: the peer and the local socket see a reset. `why` is the
  // reason in words for this end, where they are others than the peer's.
  void abort(wire::Reset reset, std::string why = "");

  Traffic traffic() const;

  const std::string& log_id() const { return log_id_; }
  bool is_open() const { return phase_ == Phase::kOpen; }
  bool is_local_over() const { return phase_ >= Phase::kLeaving; }
  bool has_lane() const { return redial_.is_current(); }
  bool has_local() const { return local_ != nullptr; }  // it was given, and is not over

  // What a peer that comes back after the end is to know.
  uint64_t received() const { return conduit_.received(); }
  uint64_t next_generation() const { return redial_.next_generation(); }
  const std::optional<wire::Reset>& last_reset() const { return conduit_.local_reset(); }

 private:
  // What is left to do at this end.
  enum class Phase {
    kOpen,      // bytes move
    kFlushing,  // the peer reset: what came before goes to the local socket, then a reset
    kLeaving,   // the local socket is gone; the peer is told its last frames
    kEnded,
  };

  wire::Frame greeting(uint64_t generation) override { return conduit_.greeting(generation); }
  void on_attached(uint64_t generation) override;
  void on_frame(std::vector<base::Bytes> message) override;
  void on_writable() override { pump(); }
  void on_lost(uint64_t generation, const base::Status& status) override;
  void on_missed(const base::Status& status) override;
  void on_given_up(const base::Status& status) override;

  void pump();
  void read_local();
  void take_local(net::Stream::ReadResult result);
  void wait_for_local();
  void write_local();
  void write_lane();
  bool is_refusal(const wire::Frame& frame);
  void settle();
  void local_was_reset();
  void local_write_failed(const base::Status& status);
  void leave(bool is_clean, std::string why);
  void end();
  void enter(Phase next);
  bool is_flushed() const;
  void linger();
  void look_again();
  void arm_ack_timer();
  bool is_local_gone() const { return reset_noticed_ || write_failed_; }

  net::Loop& loop_;
  Owner& owner_;  // borrowed: outlives us
  std::string log_id_;
  std::string local_name_;
  wire::Conduit conduit_;
  std::unique_ptr<net::Stream> local_;
  Redial redial_;
  const base::Duration leave_;
  Phase phase_ = Phase::kOpen;

  bool read_over_ = false;      // end of stream or reset was read
  bool write_failed_ = false;   // the local socket takes no more
  bool reset_noticed_ = false;  // what it still has may be read, but it does not end in order
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool waiting_reset_ = false;
  bool lane_lost_ = false;   // the owner was told
  bool move_asked_ = false;  // not said yet

  net::Timer ack_timer_;
  net::Timer linger_timer_;
  bool lingering_ = false;
  base::Duration linger_step_{};
  base::TimePoint linger_progress_time_{};
  uint64_t linger_progress_bytes_ = 0;
};

}  // namespace mm::tunnel
