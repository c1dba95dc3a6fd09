// SPDX-License-Identifier: MIT
#include "transport/round_trip.h"

#include <utility>

namespace mm::transport {

RoundTrip::RoundTrip(net::Loop& loop, RouterClient& router,
                     std::function<void(base::StatusOr<base::Duration>)> on_measured)
    : loop_(loop), router_(router), on_measured_(std::move(on_measured)), timer_(loop) {}

RoundTrip::~RoundTrip() { *alive_ = false; }

void RoundTrip::measure(base::Duration again) {
  ask(/*is_way_open=*/false);
  if (again > base::Duration::zero()) timer_.after(again, [this, again] { measure(again); });
}

// About a name that no service can have: the answer is short, and given to anybody.
void RoundTrip::ask(bool is_way_open) {
  const base::TimePoint asked = loop_.clock().now();
  router_.list_services({.names = {"?"}},
                        [this, asked, is_way_open, alive = alive_](const auto& listing) {
                          if (!*alive) return;
                          if (!listing.ok()) return on_measured_(listing.status());
                          if (!is_way_open) return ask(/*is_way_open=*/true);
                          on_measured_(loop_.clock().now() - asked);
                        });
}

}  // namespace mm::transport
