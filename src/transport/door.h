// SPDX-License-Identifier: MIT
// Door: where a server's TCP connections come in. It accepts them itself, on the loop, for gRPC's
// own listener is gone for good once there is no file descriptor left; it counts them, so that
// nobody takes all the room before they have said who they are; and hands them to gRPC, which holds
// them from then on.
#pragma once

#include <grpcpp/server_builder.h>
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "net/listener.h"
#include "net/loop.h"

namespace mm::transport {

class Door {
 public:
  struct Limits {
    // A client has one for each 80 connections that it forwards, and one or two beside.
    size_t connections = 8'192;
    size_t connections_per_address = 512;
    bool is_per_address = true;  // else all come from one, a front end's
  };
  // One was not let in: why, and from which address.
  using OnRefused = std::function<void(std::string_view reason, const std::string& address)>;

  // Listens at once, and lets in when the loop runs. Errors as net::Listener::open.
  static base::StatusOr<std::unique_ptr<Door>> open(net::Loop& loop,
                                                    const std::vector<config::Endpoint>& endpoints,
                                                    const Limits& limits, OnRefused on_refused);

  // As they were bound: "127.0.0.1:6353".
  std::vector<std::string> addresses() const;

  // To whom connections go. Before the loop runs; the server has started.
  void lead_to(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor);

  // Lets nobody in any more. On the loop, before the server is shut down: gRPC would leak what came
  // after that.
  void close() { listeners_.clear(); }

 private:
  // A connection that gRPC has. It does not say when one ends; then its descriptor is free, or
  // another socket's.
  struct Guest {
    ino_t inode = 0;
    std::string address;
  };

  Door(net::Loop& loop, const Limits& limits, OnRefused on_refused);

  void let_in(net::Fd fd);
  bool has_room(const std::string& address) const;
  void forget_gone();  // not each time that it is called

  net::Loop& loop_;
  const Limits limits_;
  const OnRefused on_refused_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unordered_map<int, Guest> guests_;                  // by descriptor
  std::unordered_map<std::string, size_t> by_address_;     // none that has none
  base::TimePoint looked_{};                               // when it was last seen who is gone
  std::vector<std::unique_ptr<net::Listener>> listeners_;  // last: they go first
};

}  // namespace mm::transport
