// SPDX-License-Identifier: MIT
#include "transport/guests.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "net/fd.h"

namespace mm::transport {
namespace {

// For everything but connections: gRPC's threads, files, logs.
constexpr size_t kOtherDescriptors = 64;

// A look takes a system call for each connection, and strangers must not be able to make us do
// nothing else.
constexpr base::Duration kLook = std::chrono::milliseconds(200);
constexpr base::Duration kLookAtStrangers = std::chrono::milliseconds(250);

// A handshake and a call with its message are less. gRPC 1.51 keeps a header that goes on and on,
// frame by frame, for as long as it does (CVE-2023-33953).
constexpr uint64_t kUncalledBytesMost = 1 << 20;

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

// Of TCP's payload. Zero where `fd` is no TCP socket.
uint64_t received_bytes(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  const bool ok = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0;
  return ok ? info.tcpi_bytes_received : 0;
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
  guests_.emplace(fd, Guest{.inode = inode_of(fd),
                            .address = peer.address,
                            .peer = peer.name,
                            .bytes_most = kUncalledBytesMost});
  ++by_address_[peer.address];
  strangers_.insert_or_assign(peer.name, fd);
  if (!timer_.is_armed()) look_at_strangers_later();
  return true;
}

void Guests::made_a_call(const std::string& peer) {
  const auto found = strangers_.find(peer);
  if (found == strangers_.end()) return;
  Guest& guest = guests_.at(found->second);
  guest.has_called = true;
  guest.bytes_most = received_bytes(found->second) + kUncalledBytesMost;
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

void Guests::look_at_strangers_later() {
  timer_.after(kLookAtStrangers, [this] {
    std::vector<int> gone_ones;
    for (const auto& [peer, fd] : strangers_) {
      Guest& guest = guests_.at(fd);
      if (inode_of(fd) != guest.inode) {
        gone_ones.push_back(fd);
      } else if (received_bytes(fd) > guest.bytes_most) {
        cut(guest, fd);
      }
    }
    for (const int fd : gone_ones) gone(guests_.find(fd));
    if (!strangers_.empty()) look_at_strangers_later();
  });
}

// gRPC has the descriptor, and may close it meanwhile: a duplicate stays what it is.
void Guests::cut(Guest& guest, int fd) {
  const net::Fd socket(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (inode_of(socket.get()) != guest.inode) return;
  shutdown(socket.get(), SHUT_RDWR);
  guest.has_called = true;  // this is what it is counted as
  guest.bytes_most = UINT64_MAX;
  on_refused_("flood", guest.address);
}

void Guests::gone(ByDescriptor::iterator guest) {
  const std::string address = guest->second.address;
  if (--by_address_[address] == 0) by_address_.erase(address);
  const auto stranger = strangers_.find(guest->second.peer);
  const bool is_stranger = stranger != strangers_.end() && stranger->second == guest->first;
  const bool was_silent = is_stranger && !guest->second.has_called;
  if (is_stranger) strangers_.erase(stranger);
  guests_.erase(guest);
  if (was_silent) on_refused_("no_call", address);
}

}  // namespace mm::transport
