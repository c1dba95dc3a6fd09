// SPDX-License-Identifier: MIT
#include "tunnel/redial.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"

namespace mm::tunnel {
namespace {

using base::Code;
using base::Status;
using base::TimePoint;

// A lane that lived so long was no failed dial: the next one is opened at once. Shorter than the
// router's wait for the other end, longer than any step of the backoff before its patience is over.
constexpr base::Duration kLived = std::chrono::seconds(1);

// How long a move is tried again that was refused, or that nobody joined: else the lane would stay
// at a router that others have left, until that goes without a word. Longer than a router that ends
// leaves its lanes, and twice its patience for a lane alone.
constexpr base::Duration kMove = std::chrono::seconds(10);

// A heartbeat that is due while a write is out is looked for again so soon.
constexpr base::Duration kLookAgain = std::chrono::milliseconds(100);

Status unavailable(std::string_view what) { return base::error(Code::kUnavailable, what); }

// No later lane would fare better.
bool is_final(const Status& status) {
  return status.code() == Code::kUnauthenticated || status.code() == Code::kPermissionDenied ||
         status.code() == Code::kInvalidArgument;
}

}  // namespace

struct Redial::Attachment final : wire::Lane::Listener {
  Attachment(Redial& owner, uint64_t number, TimePoint now)
      : redial(owner), generation(number), opened_time(now), written_time(now) {}

  void on_message(std::vector<base::Bytes> message) override {
    redial.message(*this, std::move(message));
  }
  void on_written() override { redial.written(*this); }
  void on_closed(const Status& status) override { redial.closed(*this, status); }

  // When something has to be done about it, at the earliest.
  TimePoint due(const Timing& timing) const {
    if (!heard_time) return opened_time + timing.first_frame;
    const TimePoint silent = *heard_time + timing.silence;
    return is_half_closed ? silent : std::min(silent, written_time + timing.heartbeat);
  }

  Redial& redial;
  const uint64_t generation;
  const TimePoint opened_time;
  TimePoint written_time;
  std::optional<TimePoint> heard_time;
  bool is_busy = false;  // a write is out
  bool is_half_closed = false;
  std::unique_ptr<wire::Lane> lane;  // last: it goes first, and calls nobody after
};

Redial::Redial(net::Loop& loop, base::Random& random, const Timing& timing, Host& host)
    : loop_(loop),
      timing_(timing),
      host_(host),
      backoff_(random),
      again_timer_(loop),
      watch_timer_(loop) {}

Redial::~Redial() = default;

void Redial::start(OpenLane open_lane) {
  MM_CHECK(!current_ && !pending_);
  open_lane_ = std::move(open_lane);
  next_generation_ = 0;
  if (started_time_ == TimePoint{}) started_time_ = loop_.clock().now();
  current_ = attach();
  host_.on_attached(0);
  watch();
}

std::unique_ptr<Redial::Attachment> Redial::attach() {
  auto attachment = std::make_unique<Attachment>(*this, next_generation_++, loop_.clock().now());
  attachment->lane = open_lane_(attachment->generation, *attachment);
  return attachment;
}

void Redial::again() {
  if (!open_lane_ || pending_ || again_timer_.is_armed()) return;
  again_timer_.after(backoff_.next(loop_.clock().now()), [this] { dial(); });
  watch();
}

void Redial::move() {
  if (!open_lane_ || pending_) return;
  if (current_ && !current_->heard_time) return;  // it has not met the peer yet either
  move_until_ = loop_.clock().now() + kMove;
  again_timer_.cancel();
  dial();
}

void Redial::retry_now() {
  backoff_.reset();
  if (!again_timer_.is_armed()) return;
  again_timer_.cancel();
  dial();
}

void Redial::dial() {
  pending_ = attach();
  pending_->is_busy = true;
  pending_->lane->write(wire::encode(host_.greeting(pending_->generation)));
  watch();
}

void Redial::stop() {
  open_lane_ = nullptr;
  current_.reset();
  pending_.reset();
  again_timer_.cancel();
  watch_timer_.cancel();
}

// ---- the current lane

bool Redial::can_write() const {
  return current_ && !current_->is_busy && !current_->is_half_closed;
}

void Redial::write(wire::EncodedFrame frame) {
  MM_CHECK(can_write());
  current_->is_busy = true;
  current_->written_time = loop_.clock().now();
  current_->lane->write(std::move(frame));
}

void Redial::write_last(wire::EncodedFrame frame) {
  end_writing();
  current_->lane->write_last(std::move(frame));
}

void Redial::half_close() {
  end_writing();
  current_->lane->half_close();
}

void Redial::end_writing() {
  MM_CHECK(can_write());
  current_->is_half_closed = true;
  again_timer_.cancel();
}

// ---- what lanes tell

void Redial::message(Attachment& attachment, std::vector<base::Bytes> message) {
  heard_time_ = attachment.heard_time = loop_.clock().now();
  if (&attachment == pending_.get()) {
    current_ = std::move(pending_);
    backoff_.reset();
    host_.on_attached(current_->generation);
  }
  host_.on_frame(std::move(message));
}

void Redial::written(Attachment& attachment) {
  attachment.is_busy = false;
  if (&attachment == current_.get()) host_.on_writable();
}

void Redial::closed(Attachment& attachment, const Status& status) {
  lose(&attachment == current_.get() ? current_ : pending_, status);
}

void Redial::lose(std::unique_ptr<Attachment>& attachment, const Status& status) {
  const std::unique_ptr<Attachment> lost = std::move(attachment);
  const bool was_current = &attachment == &current_;
  lost_ = status;
  if (loop_.clock().now() - lost->opened_time >= kLived) backoff_.reset();
  if (is_final(status) && !current_ && !pending_) {
    stop();
    return host_.on_given_up(status);
  }
  if (was_current) return host_.on_lost(lost->generation, status);
  if (current_) {  // a move did not come about, and nothing is lost
    if (loop_.clock().now() < move_until_ && !current_->is_half_closed) again();
    return;
  }
  host_.on_missed(status);
  again();
}

// ---- time

TimePoint Redial::grace_deadline() const {
  return heard_time_ ? *heard_time_ + timing_.grace : started_time_ + timing_.first_grace;
}

// One timer for all that may become due; it looks again when it fires, because most of what it
// waits for is put off meanwhile.
void Redial::watch(base::Duration least) {
  TimePoint due = grace_deadline();
  if (current_) due = current_->due(timing_);
  if (pending_) due = std::min(due, pending_->due(timing_));
  watch_timer_.after(std::max(due - loop_.clock().now(), least), [this] { check(); });
}

void Redial::check() {
  const TimePoint now = loop_.clock().now();
  if (!current_ && now >= grace_deadline()) {
    std::string why =
        heard_time_ ? "the other end did not come back in time" : "the other end did not come";
    // By the router, each time: the other end may have nothing to do with it.
    if (lost_.code() == base::Code::kResourceExhausted) why += ": " + base::message(lost_);
    stop();
    return host_.on_given_up(unavailable(why));
  }
  if (pending_ && now >= pending_->due(timing_)) {
    lose(pending_, unavailable("the other end said nothing"));
  }
  if (current_ && !current_->heard_time && now >= current_->due(timing_)) {
    return lose(current_, unavailable("the other end said nothing"));
  }
  if (current_ && current_->heard_time && now >= *current_->heard_time + timing_.silence) {
    return lose(current_, unavailable("the other end fell silent"));
  }
  if (current_ && can_write() && now >= current_->due(timing_)) {
    write({});  // the heartbeat: a frame without a field
  }
  if (open_lane_) watch(kLookAgain);
}

}  // namespace mm::tunnel
