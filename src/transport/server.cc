// SPDX-License-Identifier: MIT
#include "transport/server.h"

#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/check.h"
#include "transport/grpc_setup.h"

namespace mm::transport {
namespace {

// gRPC lets one thread at a time watch all connections (1.51, ev_epoll1), and each batch of events
// makes it hand the watch to the next one: with two on two processors the router took 0.8 s a GB,
// half of it for waking each other, with one 0.45. Where there are more processors than the kernel
// and the ends keep busy, a second thread is worth that; beyond eight the kernel's copies are the
// limit.
constexpr unsigned kQueuesLeast = 1;
constexpr unsigned kQueuesMost = 8;

// Four frames of 256 KiB. It bounds what one message can make the router hold.
constexpr int kMessageBytesMost = 1 << 20;

// Why each: reference/reliability.md 2.2 to 2.9. The last three are the measured ones: few, large
// system calls and large HTTP/2 frames.
void configure(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMessageBytesMost);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  const std::pair<const char*, int> arguments[] = {
      {GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0},
      {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0},  // 1.51 inflates without a bound
      {GRPC_ARG_ALLOW_REUSEPORT, 0},  // else a second router on the port takes half the calls
      {GRPC_ARG_ENABLE_CHANNELZ, 0},
      {GRPC_ARG_MAX_METADATA_SIZE, Server::kMetadataBytesMost},
      {GRPC_ARG_KEEPALIVE_TIME_MS, 30'000},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000},
      {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 5},
      {GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0},  // default: keepalive stops after two
      {GRPC_ARG_HTTP2_BDP_PROBE, 1},               // off, a connection's window stays 64 KiB
      {GRPC_ARG_HTTP2_MAX_FRAME_SIZE, 1 << 20},
      {GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, 1 << 20},
      {GRPC_ARG_TCP_READ_CHUNK_SIZE, 256 << 10},
      {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000},
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, 1'000},    // of one connection
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, 600'000},  // without a call: nobody's
  };
  for (const auto& [name, value] : arguments) builder.AddChannelArgument(name, value);
}

unsigned queues_wanted() {
  return std::clamp(std::thread::hardware_concurrency() / 2, kQueuesLeast, kQueuesMost);
}

}  // namespace

base::StatusOr<std::unique_ptr<Server>> Server::start(net::Loop& loop, const Options& options,
                                                      const std::vector<grpc::Service*>& services,
                                                      grpc::AsyncGenericService& others,
                                                      Guests& guests) {
  set_up_grpc();
  auto tls = ServerTls::open(options.tls_cert_file, options.tls_key_file, options.own_identity);
  if (!tls.ok()) return tls.status();
  auto door = Door::open(loop, options.listen, guests);
  if (!door.ok()) return door.status();

  grpc::ServerBuilder builder;
  configure(builder);
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      (*tls)->credentials());
  if (options.buffer_bytes > 0) {
    builder.SetResourceQuota(grpc::ResourceQuota("router").Resize(options.buffer_bytes));
  }
  for (grpc::Service* service : services) builder.RegisterService(service);
  builder.RegisterAsyncGenericService(&others);
  std::unique_ptr<Server> server(new Server(*std::move(tls), *std::move(door)));
  for (unsigned i = 0; i < queues_wanted(); ++i) {
    server->queues_.push_back(builder.AddCompletionQueue());
  }
  server->server_ = builder.BuildAndStart();
  MM_CHECK(server->server_ != nullptr);
  server->door_->lead_to(std::move(acceptor));
  return server;
}

void Server::serve() {
  for (auto& queue : queues_) threads_.push_back(std::make_unique<CompletionThread>(*queue));
}

// Queues after the server, or it would put events into a queue that is gone; the server's own
// object last, because the queues' events may refer to it.
Server::~Server() {
  if (threads_.empty()) {  // never served
    if (server_) stop(base::Duration{});
    serve();  // a queue must be drained before it is destroyed
  }
  for (auto& queue : queues_) queue->Shutdown();
  threads_.clear();
  queues_.clear();
}

void Server::stop(base::Duration patience) {
  server_->Shutdown(std::chrono::system_clock::now() +
                    std::chrono::duration_cast<std::chrono::microseconds>(patience));
  server_->Wait();
}

}  // namespace mm::transport
