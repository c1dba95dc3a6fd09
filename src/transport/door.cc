// SPDX-License-Identifier: MIT
#include "transport/door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace mm::transport {
namespace {

// For everything but connections: gRPC's threads, files, logs.
constexpr size_t kOtherDescriptors = 64;

// A look takes a system call for each connection, and strangers must not be able to make us do
// nothing else.
constexpr base::Duration kLook = std::chrono::milliseconds(200);

size_t room_for_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return std::max<size_t>(limit.rlim_cur, kOtherDescriptors + 1) - kOtherDescriptors;
}

// Zero: it is no socket any more.
ino_t inode_of(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) ? info.st_ino : 0;
}

// Of IPv6 the network alone: whoever has one has all of its addresses.
std::string address_of(int fd) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return "unknown";
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(peer);
    inet_ntop(AF_INET, &ipv4.sin_addr, text, sizeof text);
    return text;
  }
  auto& ipv6 = reinterpret_cast<sockaddr_in6&>(peer);
  if (!IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) std::fill_n(ipv6.sin6_addr.s6_addr + 8, 8, 0);
  inet_ntop(AF_INET6, &ipv6.sin6_addr, text, sizeof text);
  return text;
}

}  // namespace

base::StatusOr<std::unique_ptr<Door>> Door::open(net::Loop& loop,
                                                 const std::vector<config::Endpoint>& endpoints,
                                                 const Limits& limits, OnRefused on_refused) {
  std::unique_ptr<Door> door(new Door(loop, limits, std::move(on_refused)));
  for (const config::Endpoint& endpoint : endpoints) {
    auto listener = net::Listener::open_unwatched(
        loop, endpoint, [self = door.get()](net::Fd fd) { self->let_in(std::move(fd)); });
    if (!listener.ok()) return listener.status();
    door->listeners_.push_back(*std::move(listener));
  }
  return door;
}

Door::Door(net::Loop& loop, const Limits& limits, OnRefused on_refused)
    : loop_(loop),
      limits_{std::min(limits.connections, room_for_descriptors()), limits.connections_per_address,
              limits.is_per_address},
      on_refused_(std::move(on_refused)) {}

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
  const std::string address = address_of(fd.get());
  if (!has_room(address)) forget_gone();
  if (!has_room(address)) {
    const bool is_full = guests_.size() >= limits_.connections;
    return on_refused_(is_full ? "connections" : "connections_per_address", address);
  }
  const int on = 1;  // as gRPC's own listener has it
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (const auto before = guests_.find(fd.get()); before != guests_.end()) {
    if (--by_address_[before->second.address] == 0) by_address_.erase(before->second.address);
    guests_.erase(before);
  }
  guests_.emplace(fd.get(), Guest{inode_of(fd.get()), address});
  ++by_address_[address];
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.fd = fd.release();
  acceptor_->HandleNewConnection(&connection);
}

bool Door::has_room(const std::string& address) const {
  if (guests_.size() >= limits_.connections) return false;
  const auto found = by_address_.find(address);
  return !limits_.is_per_address || found == by_address_.end() ||
         found->second < limits_.connections_per_address;
}

void Door::forget_gone() {
  const base::TimePoint now = loop_.clock().now();
  if (now - looked_ < kLook) return;
  looked_ = now;
  std::erase_if(guests_, [this](const auto& each) {
    const auto& [fd, guest] = each;
    if (inode_of(fd) == guest.inode) return false;
    if (--by_address_[guest.address] == 0) by_address_.erase(guest.address);
    return true;
  });
}

}  // namespace mm::transport
