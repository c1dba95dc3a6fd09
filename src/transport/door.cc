// SPDX-License-Identifier: MIT
#include "transport/door.h"

#include <linux/tcp.h>  // netinet's cannot stand beside it, and guests.cc needs this one
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

namespace mm::transport {

base::StatusOr<std::unique_ptr<Door>> Door::open(net::Loop& loop,
                                                 const std::vector<config::Endpoint>& endpoints,
                                                 Guests& guests) {
  std::unique_ptr<Door> door(new Door(guests));
  for (const config::Endpoint& endpoint : endpoints) {
    auto listener = net::Listener::open_unwatched(
        loop, endpoint, [self = door.get()](net::Fd fd) { self->let_in(std::move(fd)); });
    if (!listener.ok()) return listener.status();
    door->listeners_.push_back(*std::move(listener));
  }
  return door;
}

std::vector<std::string> Door::addresses() const {
  std::vector<std::string> all;
  for (const auto& listener : listeners_) {
    all.insert(all.end(), listener->local_addresses().begin(), listener->local_addresses().end());
  }
  return all;
}

void Door::lead_to(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor) {
  acceptor_ = std::move(acceptor);
}

void Door::let_in(net::Fd fd) {
  if (!guests_.let_in(fd.get())) return;
  const int on = 1;  // as gRPC's own listener has it
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.fd = fd.release();
  acceptor_->HandleNewConnection(&connection);
}

}  // namespace mm::transport
