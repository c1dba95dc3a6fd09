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

// Has what Asio watches call back on the loop's thread, whichever thread it watches on. A type of
// ours also spares the type-erased executor in each object.
class Executor {
 public:
  explicit Executor(Loop& loop) : loop_(&loop) {}

  template <typename Handler>
  void execute(Handler&& handler) const {
    if (!loop_->sockets_) return asio::dispatch(*loop_->context_, std::forward<Handler>(handler));
    asio::post(*loop_->context_, std::forward<Handler>(handler));
    loop_->wake();
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
