// SPDX-License-Identifier: MIT
#include "wire/conduit.h"

#include <algorithm>

#include "base/check.h"

namespace mm::wire {
namespace {

using base::Status;
using base::TimePoint;

Status broken(std::string_view rule) { return base::error(base::Code::kInvalidArgument, rule); }

std::string mismatch(Protection peer) {
  switch (peer) {
    case Protection::kNone:
      return "the other end does not encrypt end to end, this one does: both or none must say "
             "--no-e2e";
    case Protection::kTls:
      return "the other end encrypts end to end, this one does not: both or none must say --no-e2e";
  }
  return "the other end encrypts in a way that this one does not know";
}

// A smaller piece is copied when it must wait, so that it does not pin a block of gRPC's.
constexpr size_t kInboxCopyBytes = 4 << 10;

// The largest window, in parts of the budget that nobody else has.
constexpr uint64_t kBudgetParts = 4;

// A window that lasts for more round trips is large enough. It should be twice what is on its way
// at any time, and twice that before the line is full, as TCP doubles its own with each round trip.
constexpr int kRoundTripsMax = 4;
constexpr base::Duration kSlack = std::chrono::milliseconds(5);  // for processes that take turns

// A window beyond what the fastest line can hold, twice 10 Gbit/s, only has bytes wait on their
// way, in more memory than a processor's caches have: measured on one machine, 2 MiB carry 1.2
// times as much as 32.
constexpr uint64_t kLineBytesPerUs = 2500;
constexpr uint64_t kShortLineBytes = 2 << 20;
constexpr base::Duration kLongLine = std::chrono::milliseconds(50);  // holds the largest by far

}  // namespace

Conduit::Conduit(Budget& budget, Protection protection)
    : budget_(budget), protection_(protection), charge_(budget) {}

// ---- local socket to peer

size_t Conduit::readable_bytes() const {
  if (fin_queued_ || local_reset_ || peer_reset_) return 0;
  // Whatever the peer grants, no more is kept for it than a window of ours would be, which after
  // the first never grows beyond what was delivered: a peer that is as we are loses nothing by it.
  const uint64_t keep = std::clamp(replay_.una(), kFirstWindowBytes, kWindowBytesMax);
  const uint64_t limit = std::min(limit_, replay_.una() + keep);
  const uint64_t credit = limit > replay_.end() ? limit - replay_.end() : 0;
  const uint64_t pinned = replay_.pinned_bytes();
  const uint64_t floor = pinned < kFloorBytes ? kFloorBytes - pinned : 0;
  return static_cast<size_t>(std::min<uint64_t>(credit, floor + budget_.available_bytes()));
}

uint64_t Conduit::unsent_bytes() const { return replay_.end() - std::min(next_, replay_.end()); }

void Conduit::on_local_bytes(base::Bytes bytes) {
  MM_CHECK(bytes.size() <= readable_bytes());
  replay_.append(std::move(bytes));
  charge();
}

void Conduit::on_local_end() {
  MM_CHECK(!fin_queued_);
  fin_queued_ = true;
}

void Conduit::on_local_reset(Reset reset, bool at_once) {
  if (!local_reset_) local_reset_ = std::move(reset);
  reset_at_once_ = reset_at_once_ || at_once;
  inbox_.clear();  // nobody is there to take it
}

// ---- peer to local socket

void Conduit::on_delivered(size_t bytes, TimePoint now) {
  delivered_ += bytes;
  while (bytes > 0) {
    MM_CHECK(!inbox_.empty());
    base::Bytes& front = inbox_.front();
    const size_t part = std::min(bytes, front.size());
    bytes -= part;
    if (part < front.size()) {
      front.remove_prefix(part);
    } else {
      inbox_.pop_front();
    }
  }
  grow_window();
  const uint64_t gain = delivered_ + window_ - std::min(granted_, delivered_ + window_);
  if (gain == 0) return;
  const bool peer_is_stopped = received_data() == granted_;
  const bool at_once = gain >= window_ / 4 || (peer_is_stopped && inbox_.empty());
  want_ack(at_once ? now : now + kAckDelay);
}

// 256 KiB once something flows, then twice as much each time that the window was used up soon and
// the receiver has taken it all. Not more than it has taken from the start, because a socket's
// buffers take the first bytes of one who reads none; nor than a part of what is left of the
// budget, so that many who read slowly leave enough to one who does not.
void Conduit::grow_window() {
  uint64_t wanted = window_;
  if (window_ < kFirstWindowBytes && delivered_ >= kGrowAfterBytes) {
    wanted = kFirstWindowBytes;
  } else if (window_is_short_ && inbox_.empty() && window_ >= kFirstWindowBytes) {
    wanted = std::min(2 * window_, line_bytes());
    if (wanted <= window_ || wanted > delivered_) return;
    window_is_short_ = false;
  }
  if (wanted > (budget_.available_bytes() + window_) / kBudgetParts) return;
  window_ = wanted;
  charge();
}

// The largest window that the way to the peer has a use for.
uint64_t Conduit::line_bytes() const {
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(std::min(round_trip_, kLongLine));
  const uint64_t bytes = static_cast<uint64_t>(us.count()) * kLineBytesPerUs;
  return std::clamp(bytes, kShortLineBytes, kWindowBytesMax);
}

void Conduit::charge() {
  const uint64_t pinned = replay_.pinned_bytes();
  charge_.set(static_cast<size_t>((pinned > kFloorBytes ? pinned - kFloorBytes : 0) + window_ -
                                  kFloorBytes));
}

// ---- lane

Frame Conduit::greeting(uint64_t generation) {
  greeted_received_ = received_;
  greeted_limit_ = granted_;
  Frame frame;
  frame.attach = Attach{.generation = generation, .protection = protection_};
  frame.received = received_;
  frame.limit = granted_;
  return frame;
}

void Conduit::attach(uint64_t generation) {
  attached_ = true;
  attach_sent_ = generation > 0;
  lane_heard_ = false;
  reset_sent_ = false;
  round_trip_ = base::Duration::max();  // it may go another way, which tells what is short
  watched_.reset();
  window_is_short_ = false;
  next_ = una();
  if (generation == 0) return;
  // What the lane before told since the greeting may not have arrived.
  acknowledged_ = greeted_received_;
  told_limit_ = greeted_limit_;
  const bool has_news =
      received_ != acknowledged_ || std::max(granted_, delivered_ + window_) != told_limit_;
  if (has_news) want_ack(TimePoint{});
}

Status Conduit::on_frame(Frame frame, TimePoint now) {
  MM_CHECK(attached_);
  for (const Status& status : {check_attach(frame), check_credit(frame), check_data(frame)}) {
    if (!status.ok()) return status;
  }
  if (frame.attach) peer_generation_ = frame.attach->generation;
  take_credit(frame);
  lane_heard_ = true;
  was_heard_ = true;
  take_data(frame, now);
  if (frame.reset && !peer_reset_) {
    peer_reset_ = std::move(frame.reset);
    replay_.clear();
    charge();
  }
  return absl::OkStatus();
}

Status Conduit::check_attach(const Frame& frame) const {
  if (lane_heard_) {
    return frame.attach ? broken("a second attach on one lane") : absl::OkStatus();
  }
  if (!frame.attach) return broken("the first frame of a lane has no attach");
  if (frame.attach->generation < peer_generation_) {
    return base::error(base::Code::kAborted, "a lane of an older generation");
  }
  if (frame.attach->version != kVersion) {
    return broken("the peer speaks version " + std::to_string(frame.attach->version) +
                  " of the protocol, this is version " + std::to_string(kVersion));
  }
  if (frame.attach->protection != protection_) {
    return base::error(base::Code::kFailedPrecondition, mismatch(frame.attach->protection));
  }
  return absl::OkStatus();
}

Status Conduit::check_credit(const Frame& frame) const {
  // A lane's first frame may know less than the lane before told since, where that lane was left
  // for this one. Any frame may know of bytes that only the lane before has carried.
  const bool may_be_stale = was_heard_ && !lane_heard_;
  if (frame.received) {
    if (!may_be_stale && *frame.received < una()) return broken("received went back");
    if (*frame.received > sent_) return broken("received is ahead of what was sent");
  }
  if (!may_be_stale && frame.limit && *frame.limit < limit_) return broken("limit went back");
  return absl::OkStatus();
}

Status Conduit::check_data(const Frame& frame) const {
  const uint64_t bytes = frame.data_bytes();
  if (bytes == 0 && !frame.fin) return absl::OkStatus();
  if (peer_reset_) return broken("bytes after a reset");
  if (!frame.offset) return broken("bytes without an offset");
  if (*frame.offset > received_) return broken("a gap in the bytes");
  const uint64_t end = *frame.offset + bytes;  // cannot wrap: offset is at most received_
  if (end > granted_) return broken("more bytes than the limit allows");
  if (peer_fin_) {
    if (end > received_data()) return broken("bytes after the end of stream");
    if (frame.fin && end != received_data()) return broken("a second end of stream");
  } else if (frame.fin && end < received_) {
    return broken("an end of stream before bytes that were sent");
  }
  return absl::OkStatus();
}

void Conduit::take_credit(const Frame& frame) {
  if (frame.received) {
    const uint64_t bytes = std::min(*frame.received, replay_.end());
    fin_acknowledged_ = fin_acknowledged_ || *frame.received > replay_.end();
    replay_.release_through(std::max(bytes, replay_.una()));
    next_ = std::max(next_, *frame.received);
    charge();
  }
  if (frame.limit) limit_ = std::max(limit_, *frame.limit);
}

void Conduit::take_data(Frame& frame, TimePoint now) {
  const uint64_t before = received_;
  uint64_t offset = frame.offset.value_or(0);
  for (base::Bytes& piece : frame.data) {
    const uint64_t end = offset + piece.size();
    if (end > received_data() && !peer_fin_) {
      piece.remove_prefix(static_cast<size_t>(received_ - offset));  // overlap: it is here already
      received_ = end;
      if (!local_reset_) {
        const bool must_wait = !inbox_.empty() && piece.size() < kInboxCopyBytes;
        inbox_.push_back(must_wait ? base::Bytes::copy_of(piece.span()) : std::move(piece));
      }
    }
    offset = end;
  }
  if (received_ != before) watch_grant(before, now);
  if (frame.fin && !peer_fin_) {
    peer_fin_ = true;
    received_ += 1;
    // Behind our own end it is what the peer waits for; before it, something is soon said anyway.
    want_ack(fin_queued_ ? now : now + kAckDelay);
  } else if (received_ != before) {
    want_ack(received_ - acknowledged_ >= window_ / 4 ? now : now + kAckDelay);
  }
}

// The first byte beyond a limit cannot come sooner than a round trip after the next one was told.
// Where the line and not the limit stops the peer it comes later; a window is then larger than it
// need be, and not smaller.
void Conduit::watch_grant(uint64_t before, TimePoint now) {
  if (!watched_) return;
  const base::Duration passed = now - watched_->at;
  if (before <= watched_->before && watched_->before < received_) {
    round_trip_ = std::min(round_trip_, passed);
  }
  if (received_ < watched_->limit) return;
  window_is_short_ = window_is_short_ || (passed - kSlack) / kRoundTripsMax <= round_trip_;
  watched_.reset();
}

void Conduit::want_ack(TimePoint due) { ack_due_ = std::min(ack_due_.value_or(due), due); }

std::optional<Frame> Conduit::next_frame(TimePoint now) {
  if (!attached_ || reset_sent_ || peer_reset_) return std::nullopt;
  Frame frame;
  if (!attach_sent_) frame.attach = Attach{.protection = protection_};
  add_data(frame);
  const bool is_ack_due = ack_due_ && *ack_due_ <= now;
  const bool has_news = frame.attach || frame.offset || frame.reset;
  if (!has_news && !is_ack_due) return std::nullopt;
  add_ack(frame, now);
  attach_sent_ = true;
  return frame;
}

void Conduit::add_data(Frame& frame) {
  if (!reset_at_once_) {
    const uint64_t data_end = std::min(limit_, replay_.end());
    if (next_ < data_end) {
      const auto most = std::min<uint64_t>(data_end - next_, kDataBytesMax);
      frame.offset = next_;
      frame.data = replay_.view(next_, static_cast<size_t>(most));
      next_ += frame.data_bytes();
    }
    if (fin_queued_ && next_ == replay_.end()) {  // needs no credit: it takes no memory
      frame.offset = frame.offset.value_or(next_);
      frame.fin = true;
      next_ += 1;
    }
    sent_ = std::max(sent_, next_);
  }
  if (local_reset_ && frame.data.empty()) {  // what was read is within the limit: it has all gone
    frame.reset = local_reset_;
    reset_sent_ = true;
  }
}

void Conduit::add_ack(Frame& frame, TimePoint now) {
  const uint64_t limit = std::max(granted_, delivered_ + window_);
  if (frame.attach || received_ != acknowledged_) frame.received = received_;
  if (frame.attach || limit != told_limit_) frame.limit = limit;
  if (limit != granted_ && !watched_) {
    watched_ = Grant{.before = granted_, .limit = limit, .at = now};
  }
  acknowledged_ = received_;
  granted_ = told_limit_ = limit;
  ack_due_.reset();
}

// ---- end

bool Conduit::is_fin_exchanged() const {
  return fin_acknowledged_ && peer_fin_ && acknowledged_ == received_;
}

bool Conduit::is_lane_over() const {
  return is_fin_exchanged() || reset_sent_ || peer_reset_.has_value();
}

}  // namespace mm::wire
