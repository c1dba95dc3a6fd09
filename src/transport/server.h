// SPDX-License-Identifier: MIT
// Server: the router's gRPC server with its listeners, its completion queues and one thread for
// each. Knows no service: router registers them and requests their calls.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "transport/completion.h"
#include "transport/door.h"
#include "transport/server_tls.h"

namespace mm::transport {

class Server {
 public:
  // Well above what any proxy adds: 1.51 answers one header that is longer by closing the whole
  // connection, with everybody's calls. It takes any number of shorter ones, so whoever serves a
  // call holds it to this (router/server_call.h).
  static constexpr int kMetadataBytesMost = 64 << 10;

  struct Options {
    std::vector<config::Endpoint> listen;  // kTcp, at least one; port 0: one that is free
    std::string tls_cert_file;             // PEM; both or neither
    std::string tls_key_file;
    std::optional<OwnIdentity> own_identity = {};  // where there are no files
    uint64_t buffer_bytes = 0;  // gRPC's own, of all calls; near it windows shrink. 0: no limit
  };

  // Listens at once; callers wait until the loop runs, and until serve(). `services` are registered
  // with it, and `others` for the methods that they do not have; they outlive it, as the loop and
  // `guests` do. kInvalidArgument: the TLS files. Any other error: an address cannot be listened
  // on.
  static base::StatusOr<std::unique_ptr<Server>> start(net::Loop& loop, const Options& options,
                                                       const std::vector<grpc::Service*>& services,
                                                       grpc::AsyncGenericService& others,
                                                       Guests& guests);

  ~Server();  // Require: stop() has returned, if a call was ever requested
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // As they were bound: "127.0.0.1:6353".
  std::vector<std::string> addresses() const { return door_->addresses(); }

  ServerTls& tls() { return *tls_; }

  size_t queue_count() const { return queues_.size(); }
  // Calls may be requested on it until stop().
  grpc::ServerCompletionQueue& queue(size_t index) { return *queues_[index]; }

  // Starts the queues' threads. Once, when the first calls have been requested.
  void serve();

  // Lets nobody in any more. On the loop, before stop().
  void close_door() { door_->close(); }

  // Takes no new call, cancels after `patience` those that are left, and returns when every object
  // of a call is gone: so it blocks, and needs the threads that finish calls to run meanwhile.
  void stop(base::Duration patience);

 private:
  Server(std::unique_ptr<ServerTls> tls, std::unique_ptr<Door> door)
      : tls_(std::move(tls)), door_(std::move(door)) {}

  const std::unique_ptr<ServerTls> tls_;  // outlives the server
  const std::unique_ptr<Door> door_;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<CompletionThread>> threads_;
};

}  // namespace mm::transport
