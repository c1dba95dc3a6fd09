// SPDX-License-Identifier: MIT
// Operation: the tag of one kind of operation of one call (its reads, say). It keeps the call alive
// while gRPC has it, and is reused for the next operation of that kind once it has come back.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "base/check.h"
#include "transport/completion.h"

namespace mm::transport {

template <typename Call>
class Operation final : public Completion {
 public:
  using Handler = void (Call::*)(bool ok);

  // `handler` runs on the queue's thread. It may start this operation again.
  explicit Operation(Handler handler) : handler_(handler) {}

  // The tag for the operation that is started now. Require: the previous one has come back.
  void* start(std::shared_ptr<Call> call) {
    MM_CHECK(!call_);
    call_ = std::move(call);
    // What was written before this is seen by complete(): gRPC orders the two, but by means that
    // the thread sanitizer cannot see.
    started_.store(true, std::memory_order_release);
    return static_cast<Completion*>(this);
  }

  // A tag that gRPC may never give back (AsyncNotifyWhenDone of a call that never came): nothing
  // is kept alive until adopt().
  void* reserve() { return static_cast<Completion*>(this); }
  void adopt(std::shared_ptr<Call> call) { start(std::move(call)); }

  void complete(bool ok) override {
    MM_CHECK(started_.exchange(false, std::memory_order_acquire));
    const std::shared_ptr<Call> call = std::move(call_);
    (call.get()->*handler_)(ok);
  }

 private:
  const Handler handler_;
  std::shared_ptr<Call> call_;
  std::atomic<bool> started_{false};
};

}  // namespace mm::transport
