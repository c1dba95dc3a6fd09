// SPDX-License-Identifier: MIT
#include "sim/ledger.h"

#include <algorithm>

namespace mm::sim {

void Ledger::told(const wire::Frame& frame) {
  const uint64_t received = frame.received.value_or(received_told_);
  // A share that comes back with the last word of what is over (share/sharer.cc) has no window any
  // more, and says the floor again.
  const bool is_last_word = frame.attach && frame.attach->generation > 0 && frame.data.empty() &&
                            frame.limit == wire::kFloorBytes;
  const uint64_t limit = is_last_word ? limit_told_ : frame.limit.value_or(limit_told_);
  if (received < received_told_) fail("received went back");
  if (limit < limit_told_) fail("limit went back");
  received_told_ = received;
  limit_told_ = limit;
  room_most_ = std::max(room_most_, limit - std::min(limit, received));
  if (frame.data_bytes() == 0) return;
  if (frame.data_bytes() > wire::kDataBytesMax) fail("a frame too large");
  if (*frame.offset < last_.una) fail("bytes that the peer had acknowledged");
  sent_ = std::max(sent_, *frame.offset + frame.data_bytes());
}

void Ledger::heard(const wire::Frame& frame) {
  acknowledged_ = std::max(acknowledged_, frame.received.value_or(0));
}

void Ledger::check(const Standing& now, const Ledger* peer, uint64_t budget_bytes) {
  check_forward(now);
  check_memory(now, peer, budget_bytes);
  last_ = now;
}

// What an end knows of its peer never goes back, whatever lane it hears it on.
void Ledger::check_forward(const Standing& now) {
  if (now.una < last_.una) fail("una went back");
  if (now.received < last_.received) fail("received went back");
  if (now.delivered < last_.delivered) fail("delivered went back");
  if (now.generation < last_.generation) fail("the generation went back");
  if (now.una > now.sent + 1) fail("an acknowledgement of what was not sent");
  if (now.received > limit_told_ + 1) fail("more taken than there was credit for");
}

void Ledger::check_memory(const Standing& now, const Ledger* peer, uint64_t budget_bytes) {
  const uint64_t held = now.received - std::min(now.delivered, now.received);
  const uint64_t kept = now.sent - std::min(now.una, now.sent);
  const uint64_t granted = limit_told_ - std::min(now.delivered, limit_told_);
  const uint64_t budgeted = budget_bytes + wire::kFloorBytes;
  memory_most_ = std::max(memory_most_, held + kept);
  const bool is_first_window = now.delivered < wire::kGrowAfterBytes;
  if (is_first_window && granted > wire::kFloorBytes) fail("credit for what nobody took");
  if (granted > wire::kWindowBytesMax) fail("credit for more than the largest window");
  if (granted > budgeted) fail("credit for more than the budget allows");
  if (kept > budgeted) fail("more kept than the budget allows");
  if (!peer) return;
  if (kept > peer->room_most_) fail("more kept for replay than a window");
  if (now.sent > peer->limit_told_) fail("more read than the peer gave credit for");
}

void Ledger::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

}  // namespace mm::sim
