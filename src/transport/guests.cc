// SPDX-License-Identifier: MIT
#include "transport/guests.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace mm::transport {
namespace {

// For everything but connections: gRPC's threads, files, logs.
constexpr size_t kOtherDescriptors = 64;

// A look takes a system call for each connection, and strangers must not be able to make us do
// nothing else.
constexpr base::Duration kLook = std::chrono::milliseconds(200);
constexpr base::Duration kLookAtSilent = std::chrono::seconds(1);

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

struct Peer {
  std::string address;  // of IPv6 the network alone: whoever has one has all of its addresses
  std::string name;     // gRPC's (1.51, grpc_sockaddr_to_uri): "ipv4:192.0.2.1:80"
};

std::string text_of(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, address, text, sizeof text);
  return text;
}

Peer peer_of(const sockaddr_in& ipv4) {
  const std::string address = text_of(AF_INET, &ipv4.sin_addr);
  return {address, "ipv4:" + address + ":" + std::to_string(ntohs(ipv4.sin_port))};
}

Peer peer_of(sockaddr_in6 ipv6) {
  if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) {
    sockaddr_in ipv4{};
    ipv4.sin_port = ipv6.sin6_port;
    std::copy_n(ipv6.sin6_addr.s6_addr + 12, 4, reinterpret_cast<unsigned char*>(&ipv4.sin_addr));
    return peer_of(ipv4);
  }
  std::string name = "ipv6:%5B" + text_of(AF_INET6, &ipv6.sin6_addr);
  if (ipv6.sin6_scope_id != 0) name += "%25" + std::to_string(ipv6.sin6_scope_id);
  name += "%5D:" + std::to_string(ntohs(ipv6.sin6_port));
  std::fill_n(ipv6.sin6_addr.s6_addr + 8, 8, 0);
  return {text_of(AF_INET6, &ipv6.sin6_addr), name};
}

Peer peer_of(int fd) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return {"unknown", ""};
  return peer.ss_family == AF_INET ? peer_of(reinterpret_cast<const sockaddr_in&>(peer))
                                   : peer_of(reinterpret_cast<const sockaddr_in6&>(peer));
}

}  // namespace

Guests::Guests(net::Loop& loop, const Limits& limits, OnRefused on_refused)
    : loop_(loop),
      limits_{std::min(limits.connections, room_for_descriptors()), limits.connections_per_address,
              limits.is_per_address},
      on_refused_(std::move(on_refused)),
      timer_(loop) {}

bool Guests::let_in(int fd) {
  const Peer peer = peer_of(fd);
  if (!has_room(peer.address)) forget_gone();
  if (!has_room(peer.address)) {
    const bool is_full = guests_.size() >= limits_.connections;
    on_refused_(is_full ? "connections" : "connections_per_address", peer.address);
    return false;
  }
  if (const auto before = guests_.find(fd); before != guests_.end()) gone(before);
  guests_.emplace(fd, Guest{inode_of(fd), peer.address, peer.name});
  ++by_address_[peer.address];
  silent_.insert_or_assign(peer.name, fd);
  if (!timer_.is_armed()) look_at_silent_later();
  return true;
}

bool Guests::has_room(const std::string& address) const {
  if (guests_.size() >= limits_.connections) return false;
  const auto found = by_address_.find(address);
  return !limits_.is_per_address || found == by_address_.end() ||
         found->second < limits_.connections_per_address;
}

void Guests::forget_gone() {
  const base::TimePoint now = loop_.clock().now();
  if (now - looked_ < kLook) return;
  looked_ = now;
  for (auto each = guests_.begin(); each != guests_.end();) {
    const auto guest = each++;
    if (inode_of(guest->first) != guest->second.inode) gone(guest);
  }
}

void Guests::look_at_silent_later() {
  timer_.after(kLookAtSilent, [this] {
    std::vector<int> gone_ones;
    for (const auto& [peer, fd] : silent_) {
      if (inode_of(fd) != guests_.at(fd).inode) gone_ones.push_back(fd);
    }
    for (const int fd : gone_ones) gone(guests_.find(fd));
    if (!silent_.empty()) look_at_silent_later();
  });
}

void Guests::gone(ByDescriptor::iterator guest) {
  const std::string address = guest->second.address;
  if (--by_address_[address] == 0) by_address_.erase(address);
  const bool was_silent = silent_.erase(guest->second.peer) > 0;
  guests_.erase(guest);
  if (was_silent) on_refused_("no_call", address);
}

}  // namespace mm::transport
