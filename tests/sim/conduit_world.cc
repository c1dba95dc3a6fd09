// SPDX-License-Identifier: MIT
#include "sim/conduit_world.h"

#include <algorithm>

namespace mm::sim {
namespace {

using base::Bytes;
using wire::Conduit;
using wire::Frame;

constexpr uint64_t kStepsMax = 200'000;  // far beyond what any plan needs: progress, or a failure

}  // namespace

Plan random_plan(test::SeededRandom& random) {
  Plan plan;
  for (bool& resets : plan.resets) resets = random.one_in(6);
  plan.cut_one_in = random.one_in(2) ? 0 : 5 + random.below(200);
  plan.cuts_most = random.below(30);
  plan.lanes_overlap = random.one_in(2);
  plan.slow_readers = random.one_in(2);
  bool is_slow = plan.slow_readers;
  for (uint64_t& bytes : plan.budget_bytes) {
    if (!random.one_in(4)) continue;
    bytes = random.size_up_to(1 << 20);
    is_slow = true;
  }
  for (uint64_t& bytes : plan.bytes) bytes = random.size_up_to(is_slow ? 200'000 : 3'000'000);
  return plan;
}

ConduitWorld::ConduitWorld(uint64_t seed, const Plan& plan) : random_(seed), plan_(plan) {
  for (size_t i : {0, 1}) {
    ends_[i] = std::make_unique<End>(plan.budget_bytes[i]);
    ends_[i]->conduit.attach(0);
  }
}

std::string ConduitWorld::run(Outcome& outcome, std::span<const Step> first) {
  for (uint64_t steps = 0; failure_.empty() && !(is_over(0) && is_over(1)); ++steps) {
    if (steps == kStepsMax) fail("no end in sight");
    act(steps < first.size() ? first[steps] : random_step());
    check_invariants();
  }
  for (size_t i : {0, 1}) outcome_.delivered[i] = ends_[i]->got;
  outcome_.both_done = ends_[0]->conduit.is_done() && ends_[1]->conduit.is_done();
  outcome_.was_reset = ends_[0]->got_reset || ends_[1]->got_reset;
  outcome = outcome_;
  return failure_;
}

bool ConduitWorld::is_over(size_t index) const {
  const End& end = *ends_[index];
  return end.conduit.is_done() || end.got_reset || end.conduit.is_reset_sent();
}

Step ConduitWorld::random_step() {
  using enum Action;
  constexpr Action kOften[] = {kWrite, kWrite, kRead, kSend, kSend, kReceive, kReceive};
  if (plan_.cut_one_in > 0 && cuts_ < plan_.cuts_most && random_.one_in(plan_.cut_one_in)) {
    return {kCut};
  }
  const size_t index = random_.below(2);
  const uint64_t choice = random_.below(plan_.slow_readers ? 40 : 8);
  return {choice < std::size(kOften) ? kOften[choice] : kTime, index};
}

void ConduitWorld::act(Step step) {
  End& end = *ends_[step.index];
  note(static_cast<uint64_t>(step.action) * 2 + step.index);
  switch (step.action) {
    case Action::kWrite:
      return application_writes(end, step.index);
    case Action::kRead:
      return application_reads(end, step.index);
    case Action::kSend:
      return send(end, step.index);
    case Action::kReceive:
      return receive(end, step.index);
    case Action::kCut:
      return cut();
    case Action::kTime:
      if (advance_time()) return;
      for (size_t i : {0, 1}) {  // nothing is on its way and no timer runs: let both act
        application_writes(*ends_[i], i);
        application_reads(*ends_[i], i);
        send(*ends_[i], i);
      }
  }
}

void ConduitWorld::application_writes(End& end, size_t index) {
  if (end.closed || end.conduit.peer_reset()) return;
  const uint64_t left = plan_.bytes[index] - end.written;
  const uint64_t room = std::min<uint64_t>(end.conduit.readable_bytes(), left);
  if (room > 0) {
    std::string text(std::min<uint64_t>(room, 1 + random_.size_up_to(plan_.write_most)), '\0');
    for (char& c : text) c = static_cast<char>(byte_at(index, end.written++));
    note(text.size());
    end.conduit.on_local_bytes(Bytes::copy_of(text));
  } else if (left == 0) {
    end.closed = true;
    if (plan_.resets[index]) {
      end.conduit.on_local_reset({wire::ResetCode::kLocal, "application"}, false);
    } else {
      end.conduit.on_local_end();
    }
  }
}

void ConduitWorld::application_reads(End& end, size_t index) {
  if (end.closed && plan_.resets[index]) {  // gone: it takes nothing more
    end.got_reset = end.got_reset || end.conduit.peer_reset();
    return;
  }
  const uint64_t want =
      plan_.slow_readers ? random_.size_up_to(5'000) : random_.size_up_to(400'000);
  size_t taken = 0;
  for (const Bytes& piece : end.conduit.inbox()) {
    for (size_t i = 0; i < piece.size() && taken < want; ++i, ++taken) {
      if (piece.data()[i] != byte_at(1 - index, end.got++)) fail("a byte was changed");
    }
  }
  note(taken);
  if (taken > 0) end.conduit.on_delivered(taken, now_);
  if (end.conduit.is_end_next()) {
    end.got_end = true;
    end.conduit.on_end_delivered();
    const End& other = *ends_[1 - index];
    if (!other.closed || plan_.resets[1 - index]) fail("an end of stream that nobody sent");
    if (end.got != plan_.bytes[1 - index]) fail("an end of stream before the last byte");
  }
  if (end.conduit.peer_reset() && end.conduit.inbox().empty()) {
    if (!plan_.resets[1 - index]) fail("a reset that nobody sent");
    if (end.got != plan_.bytes[1 - index]) fail("a reset that overtook bytes");
    end.got_reset = true;
  }
}

void ConduitWorld::send(End& end, size_t index) {
  std::optional<Frame> frame = end.conduit.next_frame(now_);
  if (!frame) return;
  end.ledger.told(*frame);
  post(std::move(*frame), index, *end.lane);
}

void ConduitWorld::post(Frame frame, size_t index, uint64_t lane) {
  End& peer = *ends_[1 - index];
  note(lane);
  if (lane != generation_ && (lane != peer.lane || peer.late_is_cut)) return;  // nobody hears it

  const wire::EncodedFrame encoded = wire::encode(std::move(frame));
  std::string text(reinterpret_cast<const char*>(encoded.header.data()), encoded.header_bytes);
  for (const Bytes& piece : encoded.payload) text += piece.text();
  Message message;
  const size_t split = random_.below(text.size() + 1);  // gRPC delivers in pieces
  message.bytes.push_back(Bytes::copy_of(std::string_view(text).substr(0, split)));
  message.bytes.push_back(Bytes::copy_of(std::string_view(text).substr(split)));
  auto& queue = lane == generation_ ? peer.incoming : peer.late;
  message.arrives = now_ + std::chrono::microseconds(random_.size_up_to(plan_.latency_most));
  if (!queue.empty()) message.arrives = std::max(message.arrives, queue.back().arrives);
  note(text.size());
  queue.push_back(std::move(message));
}

void ConduitWorld::receive(End& end, size_t index) {
  const std::optional<Message> message = next_message(end);
  if (!message || end.conduit.peer_reset()) return;
  const uint64_t before = outcome_.frame_bytes;
  for (const Bytes& piece : message->bytes) outcome_.frame_bytes += piece.size();
  if (plan_.cut_at && before <= *plan_.cut_at && *plan_.cut_at < outcome_.frame_bytes) {
    end.incoming.clear();  // in the middle of this message
    end.late.clear();
    end.late_is_cut = true;
    return cut();
  }
  auto frame = wire::decode(message->bytes);
  if (!frame.ok()) return fail("a frame that cannot be read");
  uint64_t known = end.conduit.delivered_bytes();
  for (const Bytes& piece : end.conduit.inbox()) known += piece.size();
  if (frame->data_bytes() > 0 && *frame->offset < known) {
    outcome_.resent_bytes += std::min(known, *frame->offset + frame->data_bytes()) - *frame->offset;
  }
  if (frame->attach && frame->attach->generation > 0) {
    end.conduit.attach(generation_);
    end.lane = generation_;
    end.late.clear();
    end.late_is_cut = false;
  }
  const base::Status status = end.conduit.on_frame(*std::move(frame), now_);
  if (!status.ok()) fail("end " + std::to_string(index) + ": " + base::message(status));
}

// Whatever comes next on either lane: each keeps its order, and they know nothing of each other.
std::optional<ConduitWorld::Message> ConduitWorld::next_message(End& end) {
  const bool late_first = random_.one_in(2);
  for (auto* queue : {late_first ? &end.late : &end.incoming,  //
                      late_first ? &end.incoming : &end.late}) {
    if (queue->empty() || queue->front().arrives > now_) continue;
    Message message = std::move(queue->front());
    queue->pop_front();
    return message;
  }
  return std::nullopt;
}

// The lane is lost: each end keeps what has arrived, and a new lane goes on from there. Where lanes
// overlap, any first part of what is in flight still arrives, and the old lane may carry more.
void ConduitWorld::cut() {
  ++cuts_;
  const uint64_t last = generation_++;
  note(generation_);
  for (const auto& end : ends_) {
    if (end->lane == last) end->late = std::move(end->incoming);
    end->incoming.clear();
    if (plan_.lanes_overlap && !random_.one_in(3)) {
      const size_t arriving = random_.below(end->late.size() + 1);
      end->late_is_cut = end->late_is_cut || arriving < end->late.size();
      end->late.resize(arriving);
    } else {
      end->late.clear();
      end->lane.reset();
      end->conduit.detach();
    }
  }
  for (size_t i : {0, 1}) post(ends_[i]->conduit.greeting(generation_), i, generation_);
}

bool ConduitWorld::advance_time() {
  std::optional<base::TimePoint> next;
  const auto consider = [&](base::TimePoint time) {
    if (time > now_) next = std::min(next.value_or(time), time);
  };
  for (const auto& end : ends_) {
    if (!end->incoming.empty()) consider(end->incoming.front().arrives);
    if (!end->late.empty()) consider(end->late.front().arrives);
    if (end->conduit.ack_due()) consider(*end->conduit.ack_due());
  }
  if (next) now_ = *next;
  return next.has_value();
}

void ConduitWorld::check_invariants() {
  for (size_t i : {0, 1}) {
    End& end = *ends_[i];
    const End& other = *ends_[1 - i];
    const wire::Conduit& conduit = end.conduit;
    end.ledger.check({.una = conduit.una(),
                      .received = conduit.received(),
                      .delivered = end.got,
                      .sent = conduit.sent_bytes(),
                      .generation = conduit.peer_generation()},
                     &other.ledger, plan_.budget_bytes[i]);
    if (!end.ledger.failure().empty()) fail(end.ledger.failure());
    if (end.got > other.written) fail("bytes that nobody sent");
    uint64_t held = 0;
    for (const Bytes& piece : conduit.inbox()) held += piece.size();
    const bool is_taking = !conduit.local_reset();
    if (is_taking && held + end.got + 1 < conduit.received())
      fail("bytes acknowledged and not held");
    if (end.budget.used_bytes() > plan_.budget_bytes[i]) fail("the budget is overdrawn");
    if (conduit.replay_bytes() > 2 * other.ledger.room_most()) {
      fail("replay holds over two windows");
    }
    if (end.got_end && end.got_reset && !plan_.resets[1 - i]) fail("two ends of one stream");
  }
}

void ConduitWorld::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

void ConduitWorld::note(uint64_t value) {
  outcome_.trace = (outcome_.trace ^ value) * 0x100000001b3u;  // FNV-1a
}

uint8_t ConduitWorld::byte_at(size_t from, uint64_t offset) const {
  return static_cast<uint8_t>((offset * 2654435761u >> 13) + from * 97);
}

}  // namespace mm::sim
