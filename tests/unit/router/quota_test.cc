// SPDX-License-Identifier: MIT
#include "router/quota.h"

#include <doctest/doctest.h>

using namespace mm;
using namespace std::chrono_literals;
using router::Caller;

namespace {

const Caller kAnn{Caller::Kind::kPerson, "ann"};
const Caller kBob{Caller::Kind::kPerson, "bob"};
const Caller kTicket{Caller::Kind::kTicket, "ticket 01020304"};
const Caller kAddress{Caller::Kind::kAnybody, "ipv4:127.0.0.1"};
constexpr base::TimePoint kNow{1h};

}  // namespace

TEST_CASE("quota: two seconds' opens may come at once, then as many as a second has") {
  router::Limits limits;
  limits.opens_per_second = 10;
  router::Quota quota(limits);
  CHECK(quota.take_opens(kAnn, 16, kNow) == 16);
  CHECK(quota.take_opens(kAnn, 16, kNow) == 4);
  CHECK(quota.take_opens(kAnn, 16, kNow) == 0);
  CHECK(quota.take_opens(kBob, 16, kNow) == 16);
  CHECK(quota.take_opens(kTicket, 16, kNow) == 16);
  CHECK(quota.take_opens(kAnn, 16, kNow + 500ms) == 5);
  CHECK(quota.take_opens(kAnn, 16, kNow + 500ms) == 0);
  CHECK(quota.take_opens(kAnn, 100, kNow + 1h) == 20);
}

TEST_CASE("quota: who is known by an address alone has none") {
  router::Limits limits;
  limits.opens_per_second = 1;
  limits.connections_per_caller = 1;
  router::Quota quota(limits);
  for (int i = 0; i < 100; ++i) {
    CHECK(quota.take_opens(kAddress, 16, kNow) == 16);
    CHECK(quota.has_room(kAddress));
    quota.opened(kAddress, kNow);
  }
}

TEST_CASE("quota: connections are counted until they close, whoever is forgotten meanwhile") {
  router::Limits limits;
  limits.connections_per_caller = 2;
  router::Quota quota(limits);
  CHECK(quota.has_room(kAnn));
  quota.opened(kAnn, kNow);
  quota.opened(kAnn, kNow);
  CHECK_FALSE(quota.has_room(kAnn));
  CHECK(quota.has_room(kBob));
  quota.opened(kBob, kNow);
  quota.closed(kBob);
  CHECK(quota.take_opens(kTicket, 1, kNow + 1h) == 1);  // forgets bob, who has nothing
  CHECK_FALSE(quota.has_room(kAnn));
  quota.closed(kAnn);
  CHECK(quota.has_room(kAnn));
  quota.closed(kAnn);
}
