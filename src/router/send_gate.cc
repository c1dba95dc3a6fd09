// SPDX-License-Identifier: MIT
#include "router/send_gate.h"

#include "base/check.h"

namespace mm::router {

bool SendGate::begin_write() {
  uint8_t state = kIdle;
  if (state_.compare_exchange_strong(state, kWriting)) return true;
  MM_CHECK(state != kWriting);
  return false;
}

std::optional<LaneEnd> SendGate::end_write() {
  uint8_t state = kWriting;
  if (state_.compare_exchange_strong(state, kIdle)) return std::nullopt;
  MM_CHECK(state >= kPending);
  state_.store(kFinished);
  return static_cast<LaneEnd>(state - kPending);
}

bool SendGate::begin_finish(LaneEnd end) {
  const auto pending = static_cast<uint8_t>(kPending + static_cast<uint8_t>(end));
  uint8_t state = kIdle;
  while (true) {
    if (state != kIdle && state != kWriting) return false;
    const uint8_t next = state == kIdle ? kFinished : pending;
    if (state_.compare_exchange_weak(state, next)) return next == kFinished;
  }
}

bool SendGate::is_finishing() const {
  const uint8_t state = state_.load();
  return state != kIdle && state != kWriting;
}

}  // namespace mm::router
