// SPDX-License-Identifier: MIT
#include "transport/loop_queue.h"

#include <grpc/grpc.h>
#include <grpcpp/impl/codegen/completion_queue_tag.h>

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

// By gRPC's cache of one event for each thread. DoThenAsyncNext() has it too, but would then look
// into the queue, and might take the bell that another thread is to hear.
void LoopQueue::start(const std::function<void()>& start) {
  grpc_completion_queue_thread_local_cache_init(queue_.cq());
  start();
  void* tag = nullptr;
  int success = 0;
  if (grpc_completion_queue_thread_local_cache_flush(queue_.cq(), &tag, &success) == 0) return;
  bool ok = success != 0;
  auto* const inner = static_cast<grpc::internal::CompletionQueueTag*>(tag);
  if (inner->FinalizeResult(&tag, &ok)) static_cast<Completion*>(tag)->complete(ok);
}

// One that rings already will be heard, and an alarm cannot be set twice.
void LoopQueue::Bell::ring(grpc::CompletionQueue& queue) {
  if (is_ringing_.exchange(true)) return;
  alarm_.Set(&queue, gpr_inf_past(GPR_CLOCK_MONOTONIC), static_cast<Completion*>(this));
}

void LoopQueue::Bell::complete(bool) { is_ringing_ = false; }

}  // namespace mm::transport
