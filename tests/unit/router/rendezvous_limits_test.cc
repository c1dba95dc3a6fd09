// SPDX-License-Identifier: MIT
// How much of the rendezvous one caller may use, and all of them.
#include "unit/router/rendezvous_world.h"

using namespace mm;
using namespace std::chrono_literals;
using base::Code;
using router::Role;
using test::RecordingLane;
using test::RendezvousWorld;

namespace {

const router::Caller kOne{.name = "ann"};
const router::Caller kAnother{.name = "bob"};

}  // namespace

TEST_CASE("rendezvous: a caller has at most 4 096 unused tokens; used ones do not count") {
  RendezvousWorld world;
  std::vector<base::Token> tokens;
  while (tokens.size() < 4'096) {
    const auto more = world.rendezvous.mint("web", 1000, kOne, world.now);
    REQUIRE(more.ok());
    CHECK(more->size() <= 16);
    tokens.insert(tokens.end(), more->begin(), more->end());
  }
  CHECK(tokens.size() == 4'096);
  CHECK(world.rendezvous.mint("web", 1, kOne, world.now).status().code() ==
        Code::kResourceExhausted);
  CHECK(world.refusals == std::vector<std::string>{"tokens_per_caller"});
  CHECK(world.rendezvous.mint("web", 1, kAnother, world.now).ok());
  world.arrive(tokens[0], Role::kConnect);
  CHECK(world.rendezvous.mint("web", 16, kOne, world.now)->size() == 1);
  world.pass(10min);
  CHECK(world.rendezvous.mint("web", 1, kOne, world.now).ok());
}

TEST_CASE("rendezvous: all callers together have a bounded number of unused tokens") {
  RendezvousWorld world;
  world.limits.tokens = 10;
  CHECK(world.rendezvous.mint("web", 16, kOne, world.now)->size() == 10);
  CHECK(world.rendezvous.mint("web", 1, kAnother, world.now).status().code() ==
        Code::kResourceExhausted);
  CHECK(world.refusals == std::vector<std::string>{"tokens"});
}

TEST_CASE("rendezvous: waiting lanes are bounded by caller and in all, but never their partners") {
  RendezvousWorld world;
  world.limits.lanes_per_caller = 2;
  world.limits.lanes = 3;
  const base::Token first = world.mint();
  CHECK(world.arrive(first, Role::kConnect)->is_waiting());
  CHECK(world.arrive(world.mint(), Role::kConnect)->is_waiting());
  CHECK(world.arrive(world.mint(), Role::kConnect)->code() == Code::kResourceExhausted);
  CHECK(world.arrive(world.mint(), Role::kConnect, 0, "bob")->is_waiting());
  CHECK(world.arrive(world.mint(), Role::kConnect, 0, "carol")->code() == Code::kResourceExhausted);
  CHECK(world.refusals == std::vector<std::string>{"lanes_per_caller", "lanes"});
  CHECK(world.arrive(first, Role::kShare)->is_admitted);
  CHECK(world.joined.size() == 1);
  CHECK(world.arrive(world.mint(), Role::kConnect)->is_waiting());
}

TEST_CASE("rendezvous: behind a front end no caller is limited by its address") {
  RendezvousWorld world;
  world.limits.is_behind_front_end = true;
  world.limits.lanes_per_caller = 1;
  for (int i = 0; i < 100; ++i) CHECK(world.arrive(world.mint(), Role::kConnect)->is_waiting());
}

TEST_CASE("rendezvous: behind a front end who is known is limited like anywhere") {
  RendezvousWorld world;
  world.limits.is_behind_front_end = true;
  world.limits.tokens_per_caller = 1;
  world.limits.lanes_per_caller = 1;
  const router::Caller known{router::Caller::Kind::kPerson, "ann"};
  const auto token = world.rendezvous.mint("web", 16, known, world.now);
  REQUIRE(token.ok());
  CHECK(token->size() == 1);
  CHECK_FALSE(world.rendezvous.mint("web", 1, known, world.now).ok());
  const auto arrive = [&](const base::Token& each) {
    auto lane = std::make_shared<RecordingLane>();
    world.rendezvous.arrive(lane, {each, Role::kConnect, "web", 0, "", known}, world.now);
    return lane;
  };
  CHECK(arrive(token->front())->is_waiting());
  CHECK(arrive(world.mint())->code() == Code::kResourceExhausted);
}

TEST_CASE("rendezvous: the router has so many connections at once, and what it has goes on") {
  RendezvousWorld world;
  world.limits.connections = 2;
  const base::Token first = world.mint();
  const auto connect = world.arrive(first, Role::kConnect);
  CHECK(connect->is_waiting());
  CHECK(world.arrive(world.mint(), Role::kConnect)->is_waiting());
  CHECK(world.arrive(world.mint(), Role::kConnect)->code() == Code::kResourceExhausted);
  CHECK(world.arrive(base::Token(), Role::kConnect, 5)->code() == Code::kResourceExhausted);
  CHECK(world.refusals == std::vector<std::string>{"max_connections", "max_connections"});
  CHECK(world.arrive(first, Role::kShare)->is_admitted);
  CHECK(world.arrive(first, Role::kConnect, 1)->is_waiting());  // moves
  CHECK(world.arrive(first, Role::kShare, 1)->is_admitted);
  world.pass(5s);  // the second was not met
  CHECK(world.arrive(world.mint(), Role::kConnect)->is_waiting());
}
