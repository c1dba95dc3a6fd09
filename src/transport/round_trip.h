// SPDX-License-Identifier: MIT
// RoundTrip: how far away the router is: the time that a small question to it and its answer take,
// once another one has opened the way (which takes several, and with TLS a few more).
#pragma once

#include <functional>
#include <memory>

#include "net/loop.h"
#include "transport/router_client.h"

namespace mm::transport {

class RoundTrip {
 public:
  // `on_measured` is called with each answer, or with why there is none (codes as RouterClient's).
  // Borrowed, and outlive it.
  RoundTrip(net::Loop& loop, RouterClient& router,
            std::function<void(base::StatusOr<base::Duration>)> on_measured);
  ~RoundTrip();
  RoundTrip(const RoundTrip&) = delete;
  RoundTrip& operator=(const RoundTrip&) = delete;

  // Once now, and, where `again` is above zero, again after so long.
  void measure(base::Duration again);

 private:
  void ask(bool is_way_open);

  net::Loop& loop_;
  RouterClient& router_;
  std::function<void(base::StatusOr<base::Duration>)> on_measured_;
  net::Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // false for answers that come late
};

}  // namespace mm::transport
