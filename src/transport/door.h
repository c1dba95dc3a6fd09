// SPDX-License-Identifier: MIT
// Door: where a server's TCP connections come in. It accepts them itself, on the loop, for gRPC's
// own listener is gone for good once there is no file descriptor left; and hands those for whom
// there is room (guests.h) to gRPC, which holds them from then on.
#pragma once

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "net/listener.h"
#include "net/loop.h"
#include "transport/guests.h"

namespace mm::transport {

class Door {
 public:
  // Listens at once, and lets in when the loop runs. `guests` outlive it. Errors as
  // net::Listener::open.
  static base::StatusOr<std::unique_ptr<Door>> open(net::Loop& loop,
                                                    const std::vector<config::Endpoint>& endpoints,
                                                    Guests& guests);

  // As they were bound: "127.0.0.1:6353".
  std::vector<std::string> addresses() const;

  // To whom connections go. Before the loop runs; the server has started.
  void lead_to(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor);

  // Lets nobody in any more. On the loop, before the server is shut down: gRPC would leak what came
  // after that.
  void close() { listeners_.clear(); }

 private:
  explicit Door(Guests& guests) : guests_(guests) {}

  void let_in(net::Fd fd);

  Guests& guests_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;  // last: they go first
};

}  // namespace mm::transport
