// SPDX-License-Identifier: MIT
// LoopQueue: the completion queue of a process's calls to routers, which the loop itself waits for.
// So a call is started, answered and followed by the next without a change of threads. Made before
// the loop, and outlives it.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <functional>

#include "net/loop.h"
#include "transport/completion.h"

namespace mm::transport {

class LoopQueue final : public net::Waiter {
 public:
  LoopQueue() = default;
  ~LoopQueue() override;  // Require: every operation has come back

  bool wait(base::Duration most) override;
  void take() override;
  void wake() override;

  // Waits for one operation to come back, however long it takes, and runs its complete().
  void take_one();

  // Runs `start`, which starts an operation that as a rule has come back when it returns, as a
  // write has: then its complete() runs here and now, and whoever waits is not woken for it.
  void start(const std::function<void()>& start);

  grpc::CompletionQueue* queue() { return &queue_; }

 private:
  // Rings in the queue.
  class Bell final : public Completion {
   public:
    void ring(grpc::CompletionQueue& queue);  // any thread
    void complete(bool ok) override;

   private:
    grpc::Alarm alarm_;
    std::atomic<bool> is_ringing_{false};
  };

  grpc::CompletionQueue queue_;
  void* tag_ = nullptr;  // what came
  bool ok_ = false;
  Bell bell_;
};

}  // namespace mm::transport
