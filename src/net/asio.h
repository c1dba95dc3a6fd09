// SPDX-License-Identifier: MIT
// What the .cc files of net use of Asio. Private to them: no other header includes it.
#pragma once

#include <asio/basic_stream_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>

#include <utility>

#include "net/loop.h"

namespace mm::net {

// The right to run handlers, and touch what they do.
class Loop::Turn {
 public:
  explicit Turn(Loop& loop) : loop_(loop) { begin(); }
  ~Turn() {
    if (lock_.owns_lock()) end();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  void begin() {
    lock_.lock();
    loop_.turn_holder_ = std::this_thread::get_id();
  }
  void end() {
    loop_.turn_holder_ = std::thread::id();
    lock_.unlock();
  }

 private:
  Loop& loop_;
  std::unique_lock<std::mutex> lock_{loop_.turn_, std::defer_lock};
};

// One that came to a thread which waits for sockets, and then all that there is to do. The other
// thread is woken for what it would be late for.
template <typename Handler>
void Loop::take_turn(Handler handler) {
  const Turn turn(*this);
  if (context_->stopped()) return asio::post(*context_, std::move(handler));  // for the next run()
  handler();
  work();
  const bool is_late = next_due() && *next_due() < waiting_until_;
  if (is_late || context_->stopped()) wake();
}

// Has what Asio watches call back in a turn of the loop's. A type of ours also spares the
// type-erased executor in each object.
class Executor {
 public:
  explicit Executor(Loop& loop) : loop_(&loop) {}

  template <typename Handler>
  void execute(Handler&& handler) const {
    if (!loop_->sockets_) return asio::dispatch(*loop_->context_, std::forward<Handler>(handler));
    loop_->take_turn(std::forward<Handler>(handler));
  }

  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return loop_->sockets_ ? *loop_->sockets_ : *loop_->context_;
  }

  bool operator==(const Executor&) const noexcept = default;

 private:
  Loop* loop_;
};

using AsioSocket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using AsioDescriptor = asio::posix::basic_stream_descriptor<Executor>;

}  // namespace mm::net
