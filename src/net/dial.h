// SPDX-License-Identifier: MIT
// Dial: one attempt to reach an address, over every kernel address that it stands for. `share` has
// one per connection to its target. Does not try again: that is the caller's business.
#pragma once

#include <functional>
#include <memory>

#include "base/address.h"
#include "base/clock.h"
#include "base/status.h"
#include "net/loop.h"
#include "net/socket.h"

namespace mm::net {

class Dial {
 public:
  using Handler = std::function<void(base::StatusOr<std::unique_ptr<Socket>>)>;

  // Calls `handler` once, on the loop, never from within this call; it may destroy the dial. The
  // addresses of a name are tried in order, the next one when one fails or after 250 ms, and the
  // first that answers wins. A TCP address without a host is 127.0.0.1 and ::1, whichever answers.
  //
  // "cannot reach localhost:3000: Connection refused": kUnavailable, with the first cause of
  // several. kDeadlineExceeded: no answer within `timeout`. kNotFound: no such name or unix socket.
  // kPermissionDenied, kResourceExhausted: as the kernel says.
  Dial(Loop& loop, const base::Address& target, base::Duration timeout, Handler handler);

  // Gives up: the handler is not called any more.
  ~Dial();
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the name resolution under way
};

}  // namespace mm::net
