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

// How often the kernel is asked whether the other side has what was written (it has no event).
constexpr base::Duration kFirstTick = 1ms;
constexpr base::Duration kLastTick = 50ms;

constexpr size_t kPiecesPerWrite = 32;

std::string_view name(int phase) {
  constexpr std::string_view kNames[] = {"open", "flushing", "leaving", "ended"};
  return kNames[phase];
}

}  // namespace

Tunnel::Tunnel(const Context& context, Owner& owner, std::string log_id, std::string local_name,
               wire::Protection protection)
    : loop_(context.loop),
      owner_(owner),
      log_id_(std::move(log_id)),
      local_name_(std::move(local_name)),
      conduit_(context.budget, protection),
      redial_(context.loop, context.random, context.timing, *this),
      leave_(context.timing.leave),
      ack_timer_(context.loop),
      linger_timer_(context.loop) {}

Tunnel::~Tunnel() {
  if (local_) local_->reset();
}

void Tunnel::set_local(std::unique_ptr<Stream> local) {
  MM_CHECK(!local_);
  if (phase_ != Phase::kOpen) return local->reset();  // it ended while the target was dialled
  local_ = std::move(local);
  pump();
}

void Tunnel::attach(Redial::OpenLane open_lane) {
  if (phase_ != Phase::kOpen) return;
  redial_.start(std::move(open_lane));
  pump();
}

void Tunnel::move() { redial_.move(); }

void Tunnel::meet(uint64_t peer_generation) {
  if (!conduit_.was_heard() || peer_generation > conduit_.peer_generation()) redial_.move();
}

void Tunnel::ask_move() {
  move_asked_ = redial_.is_current();
  pump();
}

void Tunnel::abort(wire::Reset reset, std::string why) {
  if (phase_ != Phase::kOpen && phase_ != Phase::kFlushing) return;
  if (why.empty()) why = reset.text;
  conduit_.on_local_reset(std::move(reset), true);
  write_lane();
  if (local_) local_->reset();
  leave(false, why);
  pump();
}

// ---- lane events

void Tunnel::on_attached(uint64_t generation) {
  conduit_.attach(generation);
  ops::log(ops::Level::kDebug, "tunnel.attached", {{"t", log_id_}, {"generation", generation}});
  if (std::exchange(lane_lost_, false)) owner_.on_lane_back(*this);
}

void Tunnel::on_frame(std::vector<Bytes> message) {
  if (conduit_.is_reset_sent() || conduit_.peer_reset()) return;
  auto frame = wire::decode(message);
  if (frame.ok() && is_refusal(*frame)) return;
  const bool asks_move = frame.ok() && frame->move;
  const Status status =
      frame.ok() ? conduit_.on_frame(*std::move(frame), loop_.clock().now()) : frame.status();
  if (status.code() == base::Code::kAborted) return redial_.lose(status);
  if (!status.ok()) {
    const bool is_mismatch = status.code() == base::Code::kFailedPrecondition;
    ops::log(is_mismatch ? ops::Level::kInfo : ops::Level::kWarn, "tunnel.refused_frame",
             {{"t", log_id_}, {"why", base::message(status)}});
    return abort({is_mismatch ? wire::ResetCode::kProtectionMismatch : wire::ResetCode::kProtocol,
                  base::message(status)});
  }
  pump();
  if (asks_move) owner_.on_move_asked(*this);
}

// The peer does not hold the conduit. If it never said anything else, nobody has any of our bytes;
// if both directions have ended, it had them all.
bool Tunnel::is_refusal(const wire::Frame& frame) {
  if (!frame.reset || frame.reset->code != wire::ResetCode::kUnknown) return false;
  const bool was_heard = conduit_.was_heard();
  if (was_heard && !conduit_.is_local_over()) return false;
  conduit_.detach();
  redial_.stop();
  if (phase_ == Phase::kOpen && !was_heard) {
    owner_.on_refused(*this, base::error(base::Code::kAborted, frame.reset->text));
  } else if (phase_ == Phase::kOpen) {
    leave(true, "done");
  }
  pump();
  return true;
}

void Tunnel::on_lost(uint64_t generation, const Status& status) {
  conduit_.detach();
  move_asked_ = false;
  ops::log(ops::Level::kDebug, "tunnel.lost",
           {{"t", log_id_}, {"generation", generation}, {"why", base::message(status)}});
  const bool is_said = conduit_.peer_reset() || (status.ok() && conduit_.is_lane_over());
  const bool is_refused =
      generation == 0 && status.code() == base::Code::kNotFound && !conduit_.was_heard();
  if (phase_ == Phase::kOpen && is_refused) return owner_.on_refused(*this, status);
  if (!is_said && !is_refused) {
    redial_.again();
    on_missed(status);
  }
  pump();
}

void Tunnel::on_missed(const Status& status) {
  if (!is_open()) return;
  lane_lost_ = true;
  owner_.on_lane_lost(*this, status);
}

void Tunnel::on_given_up(const Status& status) {
  conduit_.detach();
  // A reader that is slow to take the last bytes needs nobody but us.
  if (!conduit_.is_lane_over()) abort({wire::ResetCode::kLaneLost, base::message(status)});
  pump();
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
    const bool is_all = result.is_all;
    take_local(std::move(result));
    if (is_all && !is_local_gone()) wait_for_local();
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
  if (redial_.is_over()) return abort(std::move(reset));  // nobody to tell
  conduit_.on_local_reset(std::move(reset), false);
  linger();
}

void Tunnel::write_local() {
  while (!waiting_writable_ && !write_failed_ && !conduit_.inbox().empty()) {
    const auto& inbox = conduit_.inbox();
    const size_t count = std::min(inbox.size(), kPiecesPerWrite);
    const std::vector<Bytes> pieces(inbox.begin(), inbox.begin() + static_cast<long>(count));
    const base::StatusOr<size_t> written = local_->write(pieces);
    if (!written.ok()) return local_write_failed(written.status());
    if (*written > 0) conduit_.on_delivered(*written, loop_.clock().now());
    if (*written == 0) {
      waiting_writable_ = true;
      local_->wait_writable([this] {
        waiting_writable_ = false;
        pump();
      });
    }
  }
  if (!conduit_.is_end_next() || write_failed_) return;
  const Status ended = local_->shutdown_write();
  if (!ended.ok()) return local_write_failed(ended);
  conduit_.on_end_delivered();
}

// The connection is gone, and what it has left is read; or what came is not the peer's.
void Tunnel::local_write_failed(const Status& status) {
  write_failed_ = true;
  if (status.code() == base::Code::kAborted) return read_local();
  const bool is_stranger = status.code() == base::Code::kUnauthenticated;
  abort(
      {is_stranger ? wire::ResetCode::kDenied : wire::ResetCode::kProtocol, base::message(status)});
}

void Tunnel::write_lane() {
  if (!redial_.can_write()) return;
  std::optional<wire::Frame> frame = conduit_.next_frame(loop_.clock().now());
  const bool is_over = conduit_.is_lane_over();
  if (move_asked_ && !is_over) {
    if (!frame) frame.emplace();
    frame->move = std::exchange(move_asked_, false);
  }
  if (frame && is_over) {
    redial_.write_last(wire::encode(*std::move(frame)));
  } else if (frame) {
    redial_.write(wire::encode(*std::move(frame)));
  } else if (is_over) {
    redial_.half_close();
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
    } else if (conduit_.is_local_over()) {
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
  if (phase_ == Phase::kLeaving && conduit_.is_done() && !linger_timer_.is_armed()) {
    linger_timer_.after(leave_, [this] {
      redial_.stop();
      pump();
    });
  }
  if (phase_ == Phase::kLeaving && redial_.is_over()) end();
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

// Where the local stream encrypts, what the socket behind it has said and was given.
Tunnel::Traffic Tunnel::traffic() const {
  const std::optional<Stream::Moved> moved = local_ ? local_->moved() : std::nullopt;
  if (moved) return {moved->read_bytes, moved->written_bytes};
  return {conduit_.sent_bytes(), conduit_.delivered_bytes()};
}

void Tunnel::leave(bool is_clean, std::string why) {
  enter(Phase::kLeaving);
  const Traffic moved = traffic();
  local_.reset();
  ack_timer_.cancel();
  linger_timer_.cancel();
  Ending ending{is_clean, {}, std::move(why), moved.sent_bytes, moved.delivered_bytes};
  const auto& reset = conduit_.peer_reset() ? conduit_.peer_reset() : conduit_.local_reset();
  if (!is_clean && reset) ending.code = reset->code;
  loop_.post([this, ending] { owner_.on_local_over(*this, ending); });
}

void Tunnel::end() {
  enter(Phase::kEnded);
  redial_.stop();
  linger_timer_.cancel();
  loop_.post([this] { owner_.on_ended(*this); });
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
