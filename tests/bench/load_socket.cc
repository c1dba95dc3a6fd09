// SPDX-License-Identifier: MIT
#include "bench/load_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mm::bench {
namespace {

sockaddr_in parse(const std::string& host, uint16_t port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &place.sin_addr) != 1) {
    errno = 0;
    fail("not an IPv4 address: " + host);
  }
  return place;
}

Socket make_socket() {
  Socket made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) fail("socket");
  return made;
}

}  // namespace

void fail(std::string_view what) {
  const std::string why = errno != 0 ? std::string(": ") + std::strerror(errno) : std::string();
  std::fprintf(stderr, "bench_load: %s%s\n", std::string(what).c_str(), why.c_str());
  std::_Exit(1);  // threads may still be at work
}

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

bool Socket::send_all(const char* data, size_t size) const {
  while (size > 0) {
    const ssize_t sent = send(descriptor_, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool Socket::receive_all(char* data, size_t size) const {
  while (size > 0) {
    const size_t received = receive_some(data, size);
    if (received == 0) return false;
    data += received;
    size -= received;
  }
  return true;
}

size_t Socket::receive_some(char* data, size_t size) const {
  const ssize_t received = recv(descriptor_, data, size, 0);
  return received > 0 ? static_cast<size_t>(received) : 0;
}

void Socket::shut() const { shutdown(descriptor_, SHUT_RDWR); }

void Socket::reset() const {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

Socket dial(const std::string& address) {
  const size_t colon = address.rfind(':');
  const int port = colon == std::string::npos ? 0 : std::atoi(address.c_str() + colon + 1);
  const sockaddr_in place = parse(address.substr(0, colon), static_cast<uint16_t>(port));
  Socket made = make_socket();
  const int yes = 1;
  setsockopt(made.descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&place);
  if (connect(made.descriptor(), generic, sizeof(place)) != 0) return Socket(-1);
  return made;
}

Socket listen_on(const std::string& host, uint16_t& port) {
  sockaddr_in place = parse(host, 0);
  Socket made = make_socket();
  auto* const generic = reinterpret_cast<sockaddr*>(&place);
  socklen_t size = sizeof(place);
  if (bind(made.descriptor(), generic, size) != 0) fail("bind");
  if (listen(made.descriptor(), 4096) != 0) fail("listen");
  if (getsockname(made.descriptor(), generic, &size) != 0) fail("getsockname");
  port = ntohs(place.sin_port);
  return made;
}

std::atomic<uint64_t>& open_tally(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, sizeof(uint64_t)) != 0) fail("cannot open " + path);
  void* const place = mmap(nullptr, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (place == MAP_FAILED) fail("cannot map " + path);
  close(file);
  static_assert(std::atomic<uint64_t>::is_always_lock_free);
  return *static_cast<std::atomic<uint64_t>*>(place);
}

void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace mm::bench
