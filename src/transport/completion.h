// SPDX-License-Identifier: MIT
// What a gRPC completion queue gives back, and the thread that takes it from there. Every tag that
// this program hands to gRPC is a Completion*. Completion queues, not the callback API: half the
// round trip here, and no 100 ms nap when idle (gRPC 1.51).
#pragma once

#include <grpcpp/completion_queue.h>

#include <thread>

namespace mm::transport {

class Completion {
 public:
  virtual ~Completion() = default;

  // The operation ended; on the queue's thread, never blocking. `ok` as grpcpp documents it for
  // that operation.
  virtual void complete(bool ok) = 0;
};

// Runs complete() for everything that comes out of `queue`, until the queue is shut down and empty.
class CompletionThread {
 public:
  explicit CompletionThread(grpc::CompletionQueue& queue);
  ~CompletionThread();  // joins. Require: queue.Shutdown() was called

 private:
  std::thread thread_;
};

}  // namespace mm::transport
