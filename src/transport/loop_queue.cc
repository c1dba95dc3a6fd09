// SPDX-License-Identifier: MIT
#include "transport/loop_queue.h"

#include "base/check.h"

namespace mm::transport {

LoopQueue::~LoopQueue() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) static_cast<Completion*>(tag)->complete(ok);
}

void LoopQueue::wait(base::Duration most) {
  void* tag = nullptr;
  bool ok = false;
  const gpr_timespec deadline = gpr_time_from_nanos(most.count(), GPR_TIMESPAN);
  const auto got = queue_.AsyncNext(&tag, &ok, deadline);
  if (got == grpc::CompletionQueue::GOT_EVENT) static_cast<Completion*>(tag)->complete(ok);
}

void LoopQueue::wake() { bell_.ring(queue_); }

void LoopQueue::take_one() {
  void* tag = nullptr;
  bool ok = false;
  MM_CHECK(queue_.Next(&tag, &ok));
  static_cast<Completion*>(tag)->complete(ok);
}

// One that rings already will be heard, and an alarm cannot be set twice.
void LoopQueue::Bell::ring(grpc::CompletionQueue& queue) {
  if (is_ringing_.exchange(true)) return;
  alarm_.Set(&queue, gpr_inf_past(GPR_CLOCK_MONOTONIC), static_cast<Completion*>(this));
}

void LoopQueue::Bell::complete(bool) { is_ringing_ = false; }

}  // namespace mm::transport
