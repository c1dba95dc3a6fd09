// SPDX-License-Identifier: MIT
// Guests: the TCP connections that gRPC holds for a server. It says neither when one begins a call
// nor when one ends, so this counts them: that nobody takes all the room, or all the memory, before
// they have said who they are, and that whoever is shown out before that is not passed over in
// silence. Loop only.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "net/loop.h"

namespace mm::transport {

class Guests {
 public:
  struct Limits {
    // A client has one for each 80 connections that it forwards, and one or two beside.
    size_t connections = 8'192;
    size_t connections_per_address = 512;
    bool is_per_address = true;  // else all come from one, a front end's
  };
  // Why, and from which address: "connections" or "connections_per_address", one was not let in;
  // "no_call", one is gone that never made a call: it spoke no TLS or HTTP/2, or not in time;
  // "flood", a stranger was cut that sent more than its calls can be.
  using OnRefused = std::function<void(std::string_view reason, const std::string& address)>;

  Guests(net::Loop& loop, const Limits& limits, OnRefused on_refused);

  // Whether there is room; then it counts. Require: a connected TCP socket, which gRPC gets next.
  bool let_in(int fd);

  // `peer`: as grpc::ServerContext::peer() has it. Each time that one makes a call.
  void made_a_call(const std::string& peer);
  // Who made one of its calls was admitted: it is a stranger no more.
  void is_known(const std::string& peer) { strangers_.erase(peer); }

 private:
  struct Guest {
    ino_t inode = 0;  // when it ends its descriptor is free, or another socket's
    std::string address;
    std::string peer;
    bool has_called = false;
    uint64_t bytes_most = 0;  // that a stranger may have sent before its next call
  };
  using ByDescriptor = std::unordered_map<int, Guest>;

  bool has_room(const std::string& address) const;
  void forget_gone();  // not each time that it is called
  void look_at_strangers_later();
  void cut(Guest& guest, int fd);
  void gone(ByDescriptor::iterator guest);

  net::Loop& loop_;
  const Limits limits_;
  const OnRefused on_refused_;
  ByDescriptor guests_;
  std::unordered_map<std::string, size_t> by_address_;  // none that has none
  std::unordered_map<std::string, int> strangers_;      // by peer
  base::TimePoint looked_{};                            // when it was last seen who is gone
  net::Timer timer_;                                    // armed while there are strangers
};

}  // namespace mm::transport
