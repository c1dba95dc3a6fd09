// SPDX-License-Identifier: MIT
#include "tunnel/tunnel.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ops/log.h"

namespace mm::tunnel {
namespace {

using base::Bytes;
using base::Status;
using net::Stream;
using namespace std::chrono_literals;

// Bytes that came before a reset are still passed on; after so long without one more byte taken
// the reset goes first. Long enough for a reader that pauses, short enough not to pile up.
constexpr base::Duration kLinger = 30s;

// For a lane to be accepted and the peer's first frame to come. Longer than the router lets a lane
// wait alone (5 s), so that it is the router who ends one that nobody joins.
constexpr base::Duration kFirstFrame = 15s;

// A lane that carried its last frame is given so long to end by itself.
constexpr base::Duration kLeave = 5s;

// How often the kernel is asked whether the other side has what was written (it has no event).
constexpr base::Duration kFirstTick = 1ms;
constexpr base::Duration kLastTick = 50ms;

constexpr size_t kPiecesPerWrite = 32;

std::string_view name(int phase) {
  constexpr std::string_view kNames[] = {"open", "flushing", "leaving", "ended"};
  return kNames[phase];
}

}  // namespace

Tunnel::Tunnel(net::Loop& loop, wire::Budget& budget, Owner& owner, std::string log_id,
               std::string local_name)
    : loop_(loop),
      owner_(owner),
      log_id_(std::move(log_id)),
      local_name_(std::move(local_name)),
      conduit_(budget),
      ack_timer_(loop),
      linger_timer_(loop) {}

Tunnel::~Tunnel() {
  if (local_) local_->reset();
}

void Tunnel::set_local(std::unique_ptr<Stream> local) {
  MM_CHECK(!local_);
  if (phase_ != Phase::kOpen) return local->reset();  // it ended while the target was dialled
  local_ = std::move(local);
  pump();
}

void Tunnel::attach(const OpenLane& open_lane) {
  MM_CHECK(!lane_);
  if (phase_ != Phase::kOpen) return;
  conduit_.attach(0);
  lane_busy_ = false;
  lane_half_closed_ = false;
  lane_ = open_lane(*this);
  first_frame_timer_.emplace(loop_);
  first_frame_timer_->after(kFirstFrame, [this] {
    on_closed(base::error(base::Code::kUnavailable, "the other end said nothing"));
  });
  pump();
}

void Tunnel::abort(wire::Reset reset) {
  if (phase_ != Phase::kOpen && phase_ != Phase::kFlushing) return;
  const std::string why = reset.text;
  conduit_.on_local_reset(std::move(reset), true);
  write_lane();
  if (local_) local_->reset();
  leave(false, why);
  pump();
}

// ---- lane events

void Tunnel::on_message(std::vector<Bytes> message) {
  if (conduit_.is_reset_sent() || conduit_.peer_reset()) return;
  auto frame = wire::decode(message);
  const Status status =
      frame.ok() ? conduit_.on_frame(*std::move(frame), loop_.clock().now()) : frame.status();
  first_frame_timer_.reset();
  if (status.ok()) return pump();
  if (status.code() == base::Code::kAborted) return on_closed(status);
  ops::log(ops::Level::kWarn, "tunnel.refused_frame",
           {{"t", log_id_}, {"why", base::message(status)}});
  const bool is_mismatch = status.code() == base::Code::kFailedPrecondition;
  abort({is_mismatch ? wire::ResetCode::kProtectionMismatch : wire::ResetCode::kProtocol,
         base::message(status)});
}

void Tunnel::on_written() {
  lane_busy_ = false;
  pump();
}

void Tunnel::on_closed(const Status& status) {
  lane_.reset();
  first_frame_timer_.reset();
  conduit_.detach();
  if (conduit_.is_lane_over() || phase_ != Phase::kOpen) return pump();
  if (!conduit_.was_heard()) return owner_.on_lane_refused(*this, status);
  const std::string why = status.ok() ? "the router ended it" : base::message(status);
  abort({wire::ResetCode::kLaneLost, "lost the connection to the other end: " + why});
}

// ---- the pump

void Tunnel::pump() {
  if (phase_ == Phase::kEnded) return;
  if (local_) {
    read_local();
    write_local();
  }
  write_lane();
  settle();
}

void Tunnel::read_local() {
  if (phase_ != Phase::kOpen) return;
  while (!read_over_ && (!waiting_readable_ || is_local_gone())) {
    const size_t ahead = std::min<uint64_t>(conduit_.unsent_bytes(), wire::kDataBytesMax);
    const size_t room = std::min(conduit_.readable_bytes(), wire::kDataBytesMax - ahead);
    if (room == 0) break;
    Stream::ReadResult result = local_->read(room);
    const size_t bytes = result.bytes.size();
    take_local(std::move(result));
    if (0 < bytes && bytes < room && !is_local_gone()) wait_for_local();  // it would block
  }
  if (is_local_gone()) return read_over_ ? local_was_reset() : linger();
  if (!waiting_readable_ && !waiting_reset_) {  // nobody reads: a reset would go unseen
    waiting_reset_ = true;
    local_->wait_reset([this] {
      reset_noticed_ = true;
      pump();
    });
  }
}

void Tunnel::take_local(Stream::ReadResult result) {
  switch (result.kind) {
    case Stream::ReadResult::Kind::kBytes:
      return conduit_.on_local_bytes(std::move(result.bytes));
    case Stream::ReadResult::Kind::kWouldBlock:
      if (!is_local_gone()) return wait_for_local();
      read_over_ = true;  // what had come before is read, and nothing more can come
      return;
    case Stream::ReadResult::Kind::kEnd:
      read_over_ = true;
      if (!is_local_gone()) conduit_.on_local_end();
      return;
    case Stream::ReadResult::Kind::kReset:
      read_over_ = true;
      reset_noticed_ = true;
      return;
  }
}

void Tunnel::wait_for_local() {
  waiting_readable_ = true;
  local_->wait_readable([this] {
    waiting_readable_ = false;
    pump();
  });
}

void Tunnel::local_was_reset() {
  wire::Reset reset{wire::ResetCode::kLocal, "the " + local_name_ + " reset the connection"};
  if (!lane_) return abort(std::move(reset));  // nobody to tell
  conduit_.on_local_reset(std::move(reset), false);
  linger();
}

void Tunnel::write_local() {
  while (!waiting_writable_ && !write_failed_ && !conduit_.inbox().empty()) {
    const auto& inbox = conduit_.inbox();
    const size_t count = std::min(inbox.size(), kPiecesPerWrite);
    const std::vector<Bytes> pieces(inbox.begin(), inbox.begin() + static_cast<long>(count));
    const base::StatusOr<size_t> written = local_->write(pieces);
    if (!written.ok()) {
      write_failed_ = true;
      return read_local();
    }
    if (*written > 0) conduit_.on_delivered(*written, loop_.clock().now());
    if (*written == 0) {
      waiting_writable_ = true;
      local_->wait_writable([this] {
        waiting_writable_ = false;
        pump();
      });
    }
  }
  if (conduit_.is_end_next() && !write_failed_) {
    write_failed_ = !local_->shutdown_write().ok();
    if (!write_failed_) conduit_.on_end_delivered();
  }
}

void Tunnel::write_lane() {
  if (!lane_ || lane_busy_ || lane_half_closed_) return;
  if (std::optional<wire::Frame> frame = conduit_.next_frame(loop_.clock().now())) {
    lane_busy_ = true;
    lane_->write(wire::encode(*std::move(frame)));
  } else if (conduit_.is_lane_over()) {
    lane_half_closed_ = true;
    lane_->half_close();
  } else {
    arm_ack_timer();
  }
}

void Tunnel::arm_ack_timer() {
  const std::optional<base::TimePoint> due = conduit_.ack_due();
  if (!due || ack_timer_.is_armed()) return;  // an armed one looks again when it fires
  ack_timer_.after(*due - loop_.clock().now(), [this] { pump(); });
}

// ---- the end

void Tunnel::settle() {
  if (phase_ == Phase::kOpen) {
    if (conduit_.peer_reset()) {
      enter(Phase::kFlushing);
      linger();
    } else if (conduit_.is_done()) {
      leave(true, "done");
    } else if (conduit_.is_reset_sent()) {
      if (local_) local_->reset();
      leave(false, "the " + local_name_ + " reset the connection");
    }
  }
  if (phase_ == Phase::kFlushing && is_flushed()) {
    if (local_) local_->reset();
    leave(false, conduit_.peer_reset()->text);
  }
  if (phase_ == Phase::kLeaving && !lane_) end();
}

bool Tunnel::is_flushed() const {
  if (!local_ || write_failed_) return true;
  return conduit_.inbox().empty() && local_->unacknowledged_bytes() == 0;
}

// While a reset waits for the bytes that came before it: looks again and again whether they went.
void Tunnel::linger() {
  if (lingering_) return;
  lingering_ = true;
  linger_step_ = kFirstTick;
  linger_progress_time_ = loop_.clock().now();
  look_again();
}

void Tunnel::look_again() {
  linger_timer_.after(linger_step_, [this] {
    linger_step_ = std::min(linger_step_ * 2, kLastTick);
    const base::TimePoint now = loop_.clock().now();
    const uint64_t moved =
        conduit_.delivered_bytes() + conduit_.sent_bytes() - conduit_.unsent_bytes();
    if (std::exchange(linger_progress_bytes_, moved) != moved) linger_progress_time_ = now;
    if (now - linger_progress_time_ >= kLinger) {
      return abort({wire::ResetCode::kLocal, "reset, with bytes that nobody took for 30 s"});
    }
    look_again();
    pump();
  });
}

void Tunnel::leave(bool is_clean, std::string why) {
  enter(Phase::kLeaving);
  ending_ = {is_clean, std::move(why), conduit_.sent_bytes(), conduit_.delivered_bytes()};
  local_.reset();
  first_frame_timer_.reset();
  ack_timer_.cancel();
  linger_timer_.after(kLeave, [this] {
    lane_.reset();
    end();
  });
}

void Tunnel::end() {
  if (phase_ == Phase::kEnded) return;
  enter(Phase::kEnded);
  linger_timer_.cancel();
  loop_.post([this] { owner_.on_ended(*this, ending_); });
}

void Tunnel::enter(Phase next) {
  MM_CHECK(phase_ < next);  // an end only goes on towards its end
  ops::log(ops::Level::kDebug, "tunnel.phase",
           {{"t", log_id_},
            {"from", name(static_cast<int>(phase_))},
            {"to", name(static_cast<int>(next))}});
  phase_ = next;
}

}  // namespace mm::tunnel
