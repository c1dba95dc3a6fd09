// SPDX-License-Identifier: MIT
#include "unit/router/rendezvous_world.h"

using namespace mm;
using namespace std::chrono_literals;
using base::Code;
using router::Role;
using test::RecordingLane;
using test::RendezvousWorld;

TEST_CASE("rendezvous: a connect lane waits, is announced, and is joined with the share's") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  const auto connect = world.arrive(token, Role::kConnect);
  CHECK(connect->is_waiting());
  REQUIRE(world.announced.size() == 1);
  CHECK(world.announced[0].token == token);
  CHECK(world.announced[0].service == "web");
  CHECK(world.announced[0].generation == 0);
  const auto share = world.arrive(token, Role::kShare);
  CHECK(share->is_admitted);
  REQUIRE(world.joined.size() == 1);
  CHECK(world.joined[0].share == share);
  CHECK(world.joined[0].connect == connect);
  world.rendezvous.over(token);
  CHECK(world.is_empty());
}

TEST_CASE("rendezvous: a share lane that comes first waits too, and nobody is told") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  const auto share = world.arrive(token, Role::kShare);
  CHECK(share->is_waiting());
  CHECK(world.announced.empty());
  const auto connect = world.arrive(token, Role::kConnect);
  REQUIRE(world.joined.size() == 1);
  CHECK(world.joined[0].share == share);
  CHECK(world.announced.empty());
}

TEST_CASE("rendezvous: a token makes one bridge") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  world.arrive(token, Role::kConnect);
  world.arrive(token, Role::kShare);
  CHECK(world.arrive(token, Role::kConnect)->code() == Code::kNotFound);
  CHECK(world.arrive(token, Role::kShare)->code() == Code::kNotFound);
  CHECK(world.joined.size() == 1);
  CHECK(world.refusals == std::vector<std::string>{"token", "token"});
}

TEST_CASE("rendezvous: a lane is refused unless token, service and share are all there") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  CHECK(world.arrive(base::Token::random(world.random), Role::kConnect)->code() == Code::kNotFound);
  CHECK(world.arrive(token, Role::kConnect, 0, "ann", "db")->code() == Code::kNotFound);
  world.services.erase("web");
  CHECK(world.arrive(token, Role::kConnect)->code() == Code::kNotFound);
  CHECK(world.is_empty());
  CHECK(world.refusals == std::vector<std::string>{"token", "token", "no_service"});
}

TEST_CASE("rendezvous: a token is for one first lane, even if that was refused") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  world.services.erase("web");
  CHECK(world.arrive(token, Role::kConnect)->code() == Code::kNotFound);
  world.services.insert("web");
  CHECK(world.arrive(token, Role::kConnect)->code() == Code::kNotFound);
  CHECK(world.arrive(token, Role::kConnect, 1)->is_waiting());
  CHECK(world.refusals == std::vector<std::string>{"no_service", "token"});
}

TEST_CASE("rendezvous: a token is not used up by who asks for another service") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  CHECK(world.arrive(token, Role::kConnect, 0, "ann", "db")->code() == Code::kNotFound);
  CHECK(world.arrive(token, Role::kConnect)->is_waiting());
}

TEST_CASE("rendezvous: a lane waits five seconds for its other end") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  const auto lane = world.arrive(token, Role::kConnect);
  CHECK(world.rendezvous.next_deadline() == world.now + 5s);
  world.pass(5s - 1ns);
  CHECK(lane->is_waiting());
  world.pass(1ns);
  REQUIRE(lane->finished);
  CHECK(lane->code() == Code::kAborted);
  CHECK(base::message(*lane->finished) == "the other end did not come");
  CHECK(world.refusals == std::vector<std::string>{"lane_wait"});
  CHECK(world.arrive(token, Role::kShare)->code() == Code::kNotFound);
  CHECK(world.is_empty());
}

TEST_CASE("rendezvous: a lane that hangs up while it waits is forgotten, with its token") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  const auto lane = world.arrive(token, Role::kConnect);
  world.rendezvous.gone(*lane);
  world.rendezvous.gone(*lane);
  CHECK(world.arrive(token, Role::kShare)->code() == Code::kNotFound);
  CHECK(world.joined.empty());
  CHECK(world.is_empty());
}

TEST_CASE("rendezvous: of two lanes of one role the newer generation waits") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  const auto first = world.arrive(token, Role::kConnect, 0);
  CHECK(world.arrive(token, Role::kConnect, 0)->code() == Code::kAlreadyExists);
  CHECK(first->is_waiting());
  const auto second = world.arrive(token, Role::kConnect, 1);
  CHECK(first->code() == Code::kAborted);
  CHECK(second->is_waiting());
  CHECK(world.announced.back().generation == 1);
  CHECK(world.refusals == std::vector<std::string>{"newer_lane", "replaced_lane"});
  world.rendezvous.gone(*first);
  world.arrive(token, Role::kShare, 0);
  REQUIRE(world.joined.size() == 1);
  CHECK(world.joined[0].connect == second);
  world.rendezvous.over(token);
  CHECK(world.is_empty());
}

TEST_CASE("rendezvous: a re-attach needs no minted token, only a service that is there") {
  RendezvousWorld world;
  const base::Token token = base::Token::random(world.random);
  world.services.erase("web");
  CHECK(world.arrive(token, Role::kConnect, 3)->code() == Code::kNotFound);
  world.services.insert("web");
  CHECK(world.arrive(token, Role::kConnect, 3)->is_waiting());
  REQUIRE(world.announced.size() == 1);
  CHECK(world.announced[0].generation == 3);
  CHECK(world.arrive(token, Role::kShare, 5)->is_admitted);
  CHECK(world.joined.size() == 1);
}

TEST_CASE("rendezvous: newer lanes are joined in place of the older two, ghosts are refused") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  world.arrive(token, Role::kConnect);
  world.arrive(token, Role::kShare);
  CHECK(world.arrive(token, Role::kConnect, 2)->is_waiting());
  CHECK(world.ended.empty());  // the bridge goes on until the share's newer lane comes
  CHECK(world.arrive(token, Role::kConnect, 1)->code() == Code::kAlreadyExists);
  CHECK(world.arrive(token, Role::kShare, 1)->is_admitted);
  CHECK(world.joined.size() == 2);
  CHECK(world.arrive(token, Role::kConnect, 2)->code() == Code::kAlreadyExists);
  CHECK(world.arrive(token, Role::kShare, 1)->code() == Code::kAlreadyExists);
  CHECK(world.refusals == std::vector<std::string>{"newer_lane", "newer_lane", "newer_lane"});
}

TEST_CASE("rendezvous: a share's newer lane without a connect's ends the bridge before it") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  world.arrive(token, Role::kConnect);
  world.arrive(token, Role::kShare);
  const auto share = world.arrive(token, Role::kShare, 1);
  CHECK(share->is_waiting());
  REQUIRE(world.ended.size() == 1);
  world.rendezvous.over(token);
  CHECK(share->is_waiting());
  world.arrive(token, Role::kConnect, 1);
  CHECK(world.joined.size() == 2);
  CHECK(world.joined[1].share == share);
}

TEST_CASE("rendezvous: a lane that waits beside a bridge and leaves, leaves the bridge alone") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  world.arrive(token, Role::kConnect);
  world.arrive(token, Role::kShare);
  const auto newer = world.arrive(token, Role::kConnect, 1);
  world.rendezvous.gone(*newer);
  CHECK(!world.rendezvous.is_empty());
  CHECK(!world.rendezvous.next_deadline());
  world.arrive(token, Role::kConnect, 2);
  world.pass(5s);
  CHECK(!world.rendezvous.next_deadline());
  world.rendezvous.over(token);
  CHECK(world.is_empty());
}

TEST_CASE("rendezvous: a share that registers is told of the lanes that wait for it") {
  RendezvousWorld world;
  const base::Token token = world.mint();
  world.arrive(token, Role::kConnect);
  world.arrive(world.mint(), Role::kShare);
  world.arrive(world.mint("db"), Role::kConnect, 0, "ann", "db");
  world.announced.clear();
  world.rendezvous.announce_waiting("web");
  REQUIRE(world.announced.size() == 1);
  CHECK(world.announced[0].token == token);
}

TEST_CASE("rendezvous: an unused token lives ten minutes") {
  RendezvousWorld world;
  const base::Token old = world.mint();
  world.pass(5min);
  const base::Token young = world.mint();
  world.pass(5min);
  CHECK(world.arrive(old, Role::kConnect)->code() == Code::kNotFound);
  CHECK(world.arrive(young, Role::kConnect)->is_waiting());
}

TEST_CASE("rendezvous: those that are picked are refused, and nobody else") {
  RendezvousWorld world;
  const auto ann = world.arrive(world.mint(), Role::kConnect, 0, "ann");
  const auto bob = world.arrive(world.mint(), Role::kConnect, 0, "bob");
  world.rendezvous.refuse([](const auto& each) { return each.caller.name == "ann"; }, "pass_ended",
                          base::error(Code::kUnauthenticated, "no more"));
  CHECK(ann->code() == Code::kUnauthenticated);
  CHECK(bob->is_waiting());
  CHECK(world.refusals == std::vector<std::string>{"pass_ended"});
}

TEST_CASE("rendezvous: refusing all empties it of lanes") {
  RendezvousWorld world;
  const auto connect = world.arrive(world.mint(), Role::kConnect);
  const auto share = world.arrive(world.mint(), Role::kShare);
  world.rendezvous.refuse([](const auto&) { return true; }, "draining",
                          base::error(Code::kUnavailable, "the router is shutting down"));
  CHECK(connect->code() == Code::kUnavailable);
  CHECK(share->code() == Code::kUnavailable);
  CHECK(world.is_empty());
  CHECK(world.refusals == std::vector<std::string>{"draining", "draining"});
}

TEST_CASE("rendezvous: whatever happens in whatever order, every count comes back to nothing") {
  for (const uint64_t seed : test::seeds(300)) {
    CAPTURE(seed);
    RendezvousWorld world;
    world.limits.tokens_per_caller = 3;
    world.limits.lanes_per_caller = 2;
    world.limits.lanes = 3;
    test::SeededRandom random(seed);
    std::vector<base::Token> tokens;
    std::vector<std::shared_ptr<RecordingLane>> lanes;
    for (int step = 0; step < 200; ++step) {
      const std::string caller = random.one_in(2) ? "ann" : "bob";
      switch (random.below(6)) {
        case 5:
          world.end_some_bridge(random);
          break;
        case 0: {
          const auto minted =
              world.rendezvous.mint("web", 1 + random.below(3), {.name = caller}, world.now);
          if (minted.ok()) tokens.insert(tokens.end(), minted->begin(), minted->end());
          break;
        }
        case 1:
        case 2:
          if (tokens.empty()) break;
          lanes.push_back(world.arrive(tokens[random.below(tokens.size())],
                                       random.one_in(2) ? Role::kShare : Role::kConnect,
                                       random.below(3), caller));
          break;
        case 3:
          if (!lanes.empty()) world.rendezvous.gone(*lanes[random.below(lanes.size())]);
          break;
        case 4:
          world.pass(random.below(2) * 3s);
          break;
      }
      CHECK(world.rendezvous.waiting_count() <= 3);
      CHECK(world.rendezvous.token_count() <= 6);
    }
    for (const auto& lane : lanes) CHECK((lane->is_admitted || lane->finished));
    while (!world.open.empty()) world.end_some_bridge(random);
    world.pass(10min);
    CHECK(world.is_empty());
  }
}
