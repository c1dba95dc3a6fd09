// SPDX-License-Identifier: MIT
// What the .cc files of net use of Asio. Private to them: no other header includes it. Everything
// runs on an io_context directly, which spares the type-erased executor in each object.
#pragma once

#include <asio/basic_stream_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>

namespace mm::net {

using Executor = asio::io_context::executor_type;
using AsioSocket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using AsioDescriptor = asio::posix::basic_stream_descriptor<Executor>;

}  // namespace mm::net
