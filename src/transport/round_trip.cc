// SPDX-License-Identifier: MIT
#include "transport/round_trip.h"

#include <utility>

namespace mm::transport {

RoundTrip::RoundTrip(net::Loop& loop, RouterClient& router,
                     std::function<void(base::StatusOr<base::Duration>)> on_measured)
    : loop_(loop), router_(router), on_measured_(std::move(on_measured)), timer_(loop) {}

RoundTrip::~RoundTrip() { *alive_ = false; }

void RoundTrip::measure(base::Duration again) {
  const base::TimePoint asked = loop_.clock().now();
  // About a name that no service can have: the answer is short, and given to anybody.
  router_.list_services({.names = {"?"}}, [this, asked, alive = alive_](const auto& listing) {
    if (!*alive) return;
    if (!listing.ok()) return on_measured_(listing.status());
    on_measured_(loop_.clock().now() - asked);
  });
  if (again > base::Duration::zero()) timer_.after(again, [this, again] { measure(again); });
}

}  // namespace mm::transport
