// SPDX-License-Identifier: MIT
// Redial: keeps one conduit on a lane: opens it, watches it, and opens the next generation when it
// is lost or is to be moved, until the peer was silent for the grace. Tunnel uses it, and says what
// goes over the lane. Reads no frames, knows no gRPC.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/backoff.h"
#include "base/random.h"
#include "base/status.h"
#include "net/loop.h"
#include "wire/frame.h"
#include "wire/lane.h"

namespace mm::tunnel {

// How patient an end is. A test or an option changes one.
struct Timing {
  // For a lane to be accepted and the peer's first frame to come. Longer than the router lets a
  // lane wait alone (5 s), so that it is the router who ends one that nobody joins.
  base::Duration first_frame = std::chrono::seconds(15);
  // Without a frame of ours, one is sent; three of the peer's may be lost.
  base::Duration heartbeat = std::chrono::seconds(15);
  base::Duration silence = std::chrono::seconds(45);
  // Without a frame of the peer's on any lane; and before its very first one.
  base::Duration grace = std::chrono::minutes(15);
  base::Duration first_grace = std::chrono::seconds(30);
  // When both directions have ended in order and it is only not sure that the peer knows: for the
  // lane to end, or another one to tell it. A share keeps tombstones, which tell it for longer; a
  // connect has nothing else.
  base::Duration leave = std::chrono::seconds(30);
};

class Redial {
 public:
  class Host {
   public:
    virtual ~Host() = default;

    // The first frame of a lane that is not the conduit's first.
    virtual wire::Frame greeting(uint64_t generation) = 0;

    // This lane is the current one from now on, in place of any before it. Generation 0: nothing
    // was said on it. A later one: the greeting was, and the peer's comes next.
    virtual void on_attached(uint64_t generation) = 0;

    virtual void on_frame(std::vector<base::Bytes> message) = 0;
    virtual void on_writable() = 0;

    // The current lane is gone. Nothing is done about it unless again() is called.
    virtual void on_lost(uint64_t generation, const base::Status& status) = 0;

    // A lane that was to take its place did not come about; another one will be tried.
    virtual void on_missed(const base::Status& status) = 0;

    // There is no lane and none will come: the grace is over, or the router refuses for good.
    virtual void on_given_up(const base::Status& status) = 0;
  };

  // Opens a lane of this generation. The listener outlives it.
  using OpenLane =
      std::function<std::unique_ptr<wire::Lane>(uint64_t generation, wire::Lane::Listener&)>;

  // All borrowed, and outlive it. No call of Host's comes from within a call to Redial but
  // on_attached(0) and greeting().
  Redial(net::Loop& loop, base::Random& random, const Timing& timing, Host& host);
  ~Redial();

  // Starts with generation 0, which is current at once. Require: there is no lane.
  void start(OpenLane open_lane);

  // Opens the next lane: after a while, longer each time, because the last one was lost; or now,
  // leaving the current one, if there is one, when the peer has spoken on the new one. A move that
  // does not come about is tried again for a while.
  void again();
  void move();

  // There is reason to think that a lane can be had now: waits for none.
  void retry_now();

  // Ends the current lane, as if it had been lost.
  void lose(const base::Status& status) { lose(current_, status); }

  // Ends every lane at once, and opens no other.
  void stop();

  // ---- the current lane

  bool is_current() const { return current_ != nullptr; }
  uint64_t next_generation() const { return next_generation_; }
  // Neither is there a lane nor will one come.
  bool is_over() const { return !current_ && !pending_ && !again_timer_.is_armed(); }
  bool can_write() const;
  // Each requires can_write(); nothing is written behind the latter two.
  void write(wire::EncodedFrame frame);
  void write_last(wire::EncodedFrame frame);
  void half_close();

 private:
  struct Attachment;

  void end_writing();
  std::unique_ptr<Attachment> attach();
  void dial();
  void message(Attachment& attachment, std::vector<base::Bytes> message);
  void written(Attachment& attachment);
  void closed(Attachment& attachment, const base::Status& status);
  void lose(std::unique_ptr<Attachment>& attachment, const base::Status& status);
  void watch(base::Duration least = {});
  void check();
  base::TimePoint grace_deadline() const;

  net::Loop& loop_;
  const Timing& timing_;
  Host& host_;
  OpenLane open_lane_;
  uint64_t next_generation_ = 0;
  std::unique_ptr<Attachment> current_;
  std::unique_ptr<Attachment> pending_;  // greeted by us, not yet by the peer
  base::TimePoint started_time_{};
  base::TimePoint move_until_{};
  std::optional<base::TimePoint> heard_time_;  // the peer, on any lane
  base::Status lost_;                          // why the last lane that is gone is
  base::Backoff backoff_;
  net::Timer again_timer_;
  net::Timer watch_timer_;
};

}  // namespace mm::tunnel
