// SPDX-License-Identifier: MIT
// Connections by the system's own calls, which know nothing of gRPC.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>

#include "net/fd.h"

namespace mm::test {

inline net::Fd connect_to(uint16_t port) {
  net::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

// The other side ends it within the time; bytes that it sends are let pass.
inline bool is_closed(const net::Fd& fd,
                      std::chrono::milliseconds within = std::chrono::seconds(5)) {
  pollfd readable{fd.get(), POLLIN, 0};
  char block[256];
  while (poll(&readable, 1, static_cast<int>(within.count())) > 0) {
    if (read(fd.get(), block, sizeof block) <= 0) return true;
  }
  return false;
}

}  // namespace mm::test
