// SPDX-License-Identifier: MIT
// Conduit: one end of a forwarded connection as pure state: offsets, replay, credit, FIN and RST
// (PROTOCOL.md, "The conduit"). Tunnel feeds it what the local socket and the lane give and
// carries out what it asks for. No socket, thread, clock or gRPC.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/status.h"
#include "wire/budget.h"
#include "wire/frame.h"
#include "wire/replay.h"

namespace mm::wire {

// What every conduit owns in each direction outside the budget, and a peer's limit until its first
// frame, so that attach and first data travel together.
constexpr uint64_t kFloorBytes = 16 << 10;
constexpr uint64_t kFirstWindowBytes = 256 << 10;  // once something flows
constexpr uint64_t kWindowBytesMax = 32 << 20;     // 1 Gbit/s at 200 ms of round trip need 24 MiB
constexpr uint64_t kGrowAfterBytes = 8 << 10;
constexpr base::Duration kAckDelay = std::chrono::milliseconds(20);

class Conduit {
 public:
  explicit Conduit(Budget& budget, Protection protection = Protection::kNone);

  // ---- local socket to peer

  // Bytes that may be read from the local socket now: within the peer's limit and the budget.
  size_t readable_bytes() const;
  // Bytes read that no frame has carried yet on this lane.
  uint64_t unsent_bytes() const;
  // The first offset that the peer has not acknowledged; and the memory kept to send from there on.
  uint64_t una() const { return replay_.una() + (fin_acknowledged_ ? 1 : 0); }
  uint64_t replay_bytes() const { return replay_.pinned_bytes(); }

  // Require: bytes.size() <= readable_bytes(), and neither of the two below was called.
  void on_local_bytes(base::Bytes bytes);
  void on_local_end();

  // The local connection is no more. The peer is told after the bytes that came before, as far as
  // its credit lets them pass; `at_once`: without them. The first reset is the one that counts.
  void on_local_reset(Reset reset, bool at_once);

  // ---- peer to local socket

  // What the local socket is to be given next, in order.
  const std::deque<base::Bytes>& inbox() const { return inbox_; }
  void on_delivered(size_t bytes, base::TimePoint now);

  // The peer's end of stream is next: everything before it is delivered.
  bool is_end_next() const {
    return peer_fin_ && !end_delivered_ && !local_reset_ && inbox_.empty();
  }
  void on_end_delivered() { end_delivered_ = true; }

  // Set once the peer reset the connection; what is in the inbox came before it.
  const std::optional<Reset>& peer_reset() const { return peer_reset_; }

  // ---- lane

  // The first frame of a later lane. It carries no data: the peer's own first frame says what is
  // missing there. Changes nothing for a lane that is current meanwhile.
  Frame greeting(uint64_t generation);

  // A new lane, in place of any before it. Generation 0: the first, next_frame() begins it. A later
  // one: greeting() was sent on it, and on_frame() takes the peer's first frame on it next.
  void attach(uint64_t generation);
  void detach() { attached_ = false; }

  // Takes one frame of the current lane. kInvalidArgument: the peer broke a rule, and the caller
  // resets. kAborted: a lane of an older generation, to be dropped. kFailedPrecondition: the peer
  // protects its bytes otherwise. State is unchanged by a frame that is refused.
  base::Status on_frame(Frame frame, base::TimePoint now);

  // The next frame to write, or nothing: then ack_due() says when to ask again at the latest.
  std::optional<Frame> next_frame(base::TimePoint now);
  std::optional<base::TimePoint> ack_due() const { return ack_due_; }

  // Has the peer said anything, on any lane?
  bool was_heard() const { return was_heard_; }

  // ---- end

  // The ends have nothing more to say to each other: a lane that ends now is no loss.
  bool is_lane_over() const;

  // Both directions ended in order: the lane is over, and the peer's bytes and its FIN delivered.
  bool is_done() const { return is_fin_exchanged() && end_delivered_; }
  bool is_reset_sent() const { return reset_sent_; }  // on this lane

  // The local connection has ended both ways: what may be missing is the peer's acknowledgement,
  // and a reset would change nothing here.
  bool is_local_over() const { return fin_queued_ && end_delivered_; }

  // What a peer that comes back after the end is to know.
  uint64_t received() const { return received_; }
  const std::optional<Reset>& local_reset() const { return local_reset_; }

  uint64_t peer_generation() const { return peer_generation_; }

  uint64_t sent_bytes() const { return replay_.end(); }  // read from the local socket
  uint64_t delivered_bytes() const { return delivered_; }

 private:
  base::Status check_attach(const Frame& frame) const;
  base::Status check_credit(const Frame& frame) const;
  base::Status check_data(const Frame& frame) const;
  void take_credit(const Frame& frame);
  void take_data(Frame& frame, base::TimePoint now);
  void watch_grant(uint64_t before, base::TimePoint now);
  void want_ack(base::TimePoint due);
  void grow_window();
  uint64_t line_bytes() const;
  void charge();
  void add_data(Frame& frame);
  void add_ack(Frame& frame, base::TimePoint now);
  bool is_fin_exchanged() const;

  uint64_t received_data() const { return received_ - (peer_fin_ ? 1 : 0); }

  Budget& budget_;  // borrowed: outlives us
  const Protection protection_;
  Charge charge_;

  // local to peer; offsets as in PROTOCOL.md: una <= next <= end, and a FIN occupies one at the end
  Replay replay_;                 // [una, end)
  uint64_t next_ = 0;             // first offset that this lane has not carried
  uint64_t sent_ = 0;             // first offset that no lane has carried
  uint64_t limit_ = kFloorBytes;  // the peer's
  bool fin_queued_ = false;
  bool fin_acknowledged_ = false;
  std::optional<Reset> local_reset_;
  bool reset_at_once_ = false;
  bool reset_sent_ = false;

  // peer to local
  std::deque<base::Bytes> inbox_;  // [delivered, received)
  uint64_t received_ = 0;          // includes the FIN
  uint64_t delivered_ = 0;         // bytes alone
  uint64_t window_ = kFloorBytes;
  bool peer_fin_ = false;
  bool end_delivered_ = false;
  std::optional<Reset> peer_reset_;

  uint64_t granted_ = kFloorBytes;  // the highest limit that the peer was told, on any lane

  // what the peer was told last, on this lane
  uint64_t acknowledged_ = 0;
  uint64_t told_limit_ = kFloorBytes;
  std::optional<base::TimePoint> ack_due_;

  // how soon a limit is used up: one at a time is watched, on this lane
  struct Grant {
    uint64_t before = 0;  // the limit that it replaced
    uint64_t limit = 0;
    base::TimePoint at;
  };
  std::optional<Grant> watched_;
  base::Duration round_trip_ = base::Duration::max();  // the least that was seen
  bool window_is_short_ = false;

  // this lane
  bool attached_ = false;
  bool attach_sent_ = false;
  bool lane_heard_ = false;
  uint64_t greeted_received_ = 0;  // by the last greeting()
  uint64_t greeted_limit_ = 0;
  uint64_t peer_generation_ = 0;
  bool was_heard_ = false;
};

}  // namespace mm::wire
