// SPDX-License-Identifier: MIT
// Listener: accepts connections at an address and hands each over as a Socket. Knows nothing of
// what they are for. `connect` has one per service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "net/fd.h"
#include "net/loop.h"
#include "net/socket.h"

namespace mm::net {

class Listener {
 public:
  // Called on the loop, once per connection. It may close or destroy the listener.
  using Handler = std::function<void(std::unique_ptr<Socket>)>;
  // The same for who does not want it watched here: it is connected, and does not block.
  using FdHandler = std::function<void(Fd)>;

  // Listens at once, and accepts when the loop runs. A TCP address without a host is 127.0.0.1 and
  // ::1 with the same port (IPv4 alone where there is no IPv6); port 0 is one that is free. A unix
  // socket is open to this user only (mode 0600), takes the place of one that a dead process left,
  // and is removed at the end. Blocks while a name is resolved.
  //
  // "cannot listen on 127.0.0.1:8080: already in use by another program" (kAlreadyExists), and
  // likewise with another code for every other cause.
  static base::StatusOr<std::unique_ptr<Listener>> open(Loop& loop, const base::Address& address,
                                                        Handler handler);
  static base::StatusOr<std::unique_ptr<Listener>> open_unwatched(Loop& loop,
                                                                  const base::Address& address,
                                                                  FdHandler handler);

  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // As bound: "127.0.0.1:8080", "[::1]:8080", "unix:/path". At least one.
  const std::vector<std::string>& local_addresses() const;
  uint16_t port() const;  // 0 for a unix socket

  // Accepts no more: who connects from now on is refused. No handler runs after this.
  void close();

 private:
  struct Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  static base::StatusOr<std::unique_ptr<Listener>> listen(Loop& loop, const base::Address& address,
                                                          std::function<base::Status(Fd)> take);

  std::shared_ptr<Impl> impl_;  // shared with the waits under way
};

}  // namespace mm::net
