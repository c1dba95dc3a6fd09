// SPDX-License-Identifier: MIT
#include "transport/loop_queue.h"

#include "base/check.h"

namespace mm::transport {

LoopQueue::~LoopQueue() {
  queue_.Shutdown();
  while (queue_.Next(&tag_, &ok_)) take();
}

bool LoopQueue::wait(base::Duration most) {
  const gpr_timespec deadline = gpr_time_from_nanos(most.count(), GPR_TIMESPAN);
  return queue_.AsyncNext(&tag_, &ok_, deadline) == grpc::CompletionQueue::GOT_EVENT;
}

void LoopQueue::take() { static_cast<Completion*>(tag_)->complete(ok_); }

void LoopQueue::wake() { bell_.ring(queue_); }

void LoopQueue::take_one() {
  MM_CHECK(queue_.Next(&tag_, &ok_));
  take();
}

// One that rings already will be heard, and an alarm cannot be set twice.
void LoopQueue::Bell::ring(grpc::CompletionQueue& queue) {
  if (is_ringing_.exchange(true)) return;
  alarm_.Set(&queue, gpr_inf_past(GPR_CLOCK_MONOTONIC), static_cast<Completion*>(this));
}

void LoopQueue::Bell::complete(bool) { is_ringing_ = false; }

}  // namespace mm::transport
