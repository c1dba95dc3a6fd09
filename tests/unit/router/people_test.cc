// SPDX-License-Identifier: MIT
// A router that knows people: every call that there is, by those who may and those who may not.
#include <doctest/doctest.h>

#include "unit/router/live_router.h"
#include "unit/router/passes.h"

using namespace mm;
using grpc::StatusCode;
using test::ClientLane;
using test::credential_of;
using test::LiveRouter;
using test::person;
using test::Share;

namespace {

// What the calls of each have in their metadata.
const std::string kAnns = credential_of("ann");
const std::string kBobs = credential_of("bob");
const std::string kGuests = test::ticket_credential();

std::string verifier() {
  const secure::Digest digest = secure::sha256(test::kProof);
  return {digest.begin(), digest.end()};
}

// Ann may do everything, Bob may only connect.
struct PeopleWorld {
  explicit PeopleWorld(const router::Limits& limits = {}) : router(limits) {
    router.set_people({person("ann"), person("bob", config::kMayConnect)});
  }
  void take_out_bob() { router.set_people({person("ann")}); }
  LiveRouter router;
};

StatusCode forward_as(LiveRouter& router, const std::string& credential,
                      const std::string& service = "web") {
  mindmeld::v1::ForwardToServiceResponse response;
  return test::forward(router, service, 1, response, credential).error_code();
}

// A code, or how many services are shown.
struct Listed {
  StatusCode code;
  int count;
  bool operator==(const Listed&) const = default;
};

Listed list_as(LiveRouter& router, const std::string& credential,
               const std::vector<std::string>& names = {}) {
  grpc::ClientContext context;
  test::present(context, credential);
  mindmeld::v1::ListServicesRequest request;
  for (const std::string& name : names) request.add_name(name);
  mindmeld::v1::ListServicesResponse response;
  const grpc::Status status = router.control->ListServices(&context, request, &response);
  if (status.ok()) CHECK(!response.router_instance().empty());
  return {status.error_code(), response.services_size()};
}

StatusCode lane_as(LiveRouter& router, const std::string& credential, const std::string& token,
                   const std::string& role = "connect", const std::string& generation = "0") {
  ClientLane lane(router, {token, role, "web", generation, credential});
  return lane.finish().error_code();
}

// Two lanes that are joined.
struct JoinedLanes {
  JoinedLanes(LiveRouter& router, const std::string& connect_as)
      : token(test::new_token(router, "web", connect_as)),
        connect(router, {token, "connect", "web", "0", connect_as}),
        share(router, {token, "share", "web", "0", kAnns}) {
    CHECK(connect.send("hello"));
    CHECK(share.receive() == "hello");
  }
  std::string token;
  ClientLane connect;
  ClientLane share;
};

}  // namespace

TEST_CASE("people: who shares must have a pass, and is told how to give it") {
  PeopleWorld world;
  for (const std::string& credential : {std::string(), kGuests}) {
    Share share(world.router, "web", "", credential);
    CHECK_FALSE(share.is_registered);
    const grpc::Status status = share.finish();
    CHECK(status.error_code() == StatusCode::UNAUTHENTICATED);
    CHECK(status.error_message().starts_with("this router lets in who has a pass"));
  }
  Share bob(world.router, "web", "", kBobs);
  CHECK(bob.finish().error_code() == StatusCode::PERMISSION_DENIED);
  Share wrong(world.router, "web", "", kAnns + "A");
  CHECK(wrong.finish().error_message() ==
        "this pass is not valid here: ask who runs this router for a new one");
  CHECK(Share(world.router, "web", "", kAnns).is_registered);
}

TEST_CASE("people: a share that may not is refused before it says what it shares") {
  PeopleWorld world;
  Share share(world.router);
  CHECK(share.finish().error_code() == StatusCode::UNAUTHENTICATED);
}

TEST_CASE("people: a service is its person's, who takes it over whatever the proof") {
  PeopleWorld world;
  Share older(world.router, "web", "laptop", kAnns);
  Share newer(world.router, "web", "desktop", kAnns);
  CHECK(newer.is_registered);
  CHECK(older.read().has_superseded());
  world.router.set_people({person("ann"), person("carol")});
  Share carol(world.router, "web", "desktop", credential_of("carol"));
  CHECK(carol.finish().error_code() == StatusCode::ALREADY_EXISTS);
  grpc::ClientContext context;
  test::present(context, kAnns);
  mindmeld::v1::ListServicesResponse listed;
  REQUIRE(world.router.control->ListServices(&context, {}, &listed).ok());
  CHECK(listed.services(0).owner() == "ann");
}

TEST_CASE("people: who forwards must be let in, and hears nothing of what there is") {
  PeopleWorld world;
  Share share(world.router, "web", "", kAnns);
  CHECK(forward_as(world.router, kAnns) == StatusCode::OK);
  CHECK(forward_as(world.router, kBobs) == StatusCode::OK);
  for (const std::string service : {"web", "nothing"}) {
    CHECK(forward_as(world.router, "", service) == StatusCode::NOT_FOUND);
    CHECK(forward_as(world.router, kGuests, service) == StatusCode::NOT_FOUND);
    CHECK(forward_as(world.router, "person x", service) == StatusCode::UNAUTHENTICATED);
  }
}

TEST_CASE("people: a lane is asked about like the call that gave its token, first or not") {
  PeopleWorld world;
  Share share(world.router, "web", "", kAnns);
  const std::string token = test::new_token(world.router, "web", kBobs);
  for (const std::string generation : {"0", "1"}) {
    CHECK(lane_as(world.router, "", token, "connect", generation) == StatusCode::NOT_FOUND);
    CHECK(lane_as(world.router, kGuests, token, "connect", generation) == StatusCode::NOT_FOUND);
    CHECK(lane_as(world.router, "person x", token, "connect", generation) ==
          StatusCode::UNAUTHENTICATED);
    CHECK(lane_as(world.router, "", token, "share", generation) == StatusCode::UNAUTHENTICATED);
    CHECK(lane_as(world.router, kGuests, token, "share", generation) ==
          StatusCode::UNAUTHENTICATED);
    CHECK(lane_as(world.router, kBobs, token, "share", generation) ==
          StatusCode::PERMISSION_DENIED);
  }
  const JoinedLanes joined(world.router, kBobs);
}

TEST_CASE("people: a token is for who asked for it, and is not used up by who tries it") {
  PeopleWorld world;
  const std::string carol = credential_of("carol");
  world.router.set_people({person("ann"), person("bob", config::kMayConnect), person("carol")});
  Share share(world.router, "web", "", kAnns, {verifier()});
  const std::string token = test::new_token(world.router, "web", kBobs);
  for (const std::string& other : {kAnns, carol, kGuests}) {
    CHECK(lane_as(world.router, other, token) == StatusCode::NOT_FOUND);
  }
  ClientLane connect(world.router, {token, "connect", "web", "0", kBobs});
  CHECK(connect.send("hello"));
  for (const std::string& other : {kAnns, carol, kGuests}) {
    CHECK(lane_as(world.router, other, token, "connect", "1") == StatusCode::NOT_FOUND);
  }
  const uint64_t before = world.router.refused("token");
  CHECK(lane_as(world.router, carol, token, "share") == StatusCode::NOT_FOUND);
  CHECK(world.router.refused("token") == before + 1);  // another person's share
  ClientLane shares(world.router, {token, "share", "web", "0", kAnns});
  CHECK(shares.receive() == "hello");
  CHECK(lane_as(world.router, carol, token, "connect", "1") == StatusCode::NOT_FOUND);
  CHECK(lane_as(world.router, carol, token, "share", "1") == StatusCode::NOT_FOUND);
  CHECK(connect.send("still here"));
  CHECK(shares.receive() == "still here");
}

TEST_CASE("people: a list shows what one may see; which router it is, everybody may know") {
  PeopleWorld world;
  Share web(world.router, "web", "", kAnns, {verifier()});
  Share db(world.router, "db", "", kAnns);
  CHECK(list_as(world.router, kAnns) == Listed{StatusCode::OK, 2});
  CHECK(list_as(world.router, kAnns, {"db", "x"}) == Listed{StatusCode::OK, 1});
  CHECK(list_as(world.router, kBobs).code == StatusCode::PERMISSION_DENIED);
  CHECK(list_as(world.router, kBobs, {"web"}) == Listed{StatusCode::OK, 0});
  CHECK(list_as(world.router, "").code == StatusCode::UNAUTHENTICATED);
  CHECK(list_as(world.router, "", {"web", "?"}) == Listed{StatusCode::OK, 0});
  CHECK(list_as(world.router, kGuests).code == StatusCode::UNAUTHENTICATED);
  CHECK(list_as(world.router, kGuests, {"web", "db"}) == Listed{StatusCode::OK, 1});
  CHECK(list_as(world.router, "person x", {"?"}).code == StatusCode::UNAUTHENTICATED);

  config::Person carol = person("carol");
  carol.names = {"d*"};
  world.router.set_people({person("ann"), carol});
  CHECK(list_as(world.router, credential_of("carol")) == Listed{StatusCode::OK, 1});
}

TEST_CASE(
    "people: a ticket opens its service alone, from when its share tells it until it is not") {
  PeopleWorld world;
  Share web(world.router, "web", "", kAnns, {verifier()});
  Share db(world.router, "db", "", kAnns);
  CHECK(forward_as(world.router, kGuests, "db") == StatusCode::NOT_FOUND);
  { const JoinedLanes joined(world.router, kGuests); }

  Share::Request other;
  other.mutable_verifiers()->add_ticket_verifier(std::string(32, 'x'));
  REQUIRE(web.write(other));
  Share::Request heartbeat;
  heartbeat.mutable_heartbeat();
  REQUIRE(web.write(heartbeat));
  while (!web.read().has_heartbeat()) continue;  // then the one before has been read
  CHECK(forward_as(world.router, kGuests) == StatusCode::NOT_FOUND);

  other.mutable_verifiers()->add_ticket_verifier(verifier());
  REQUIRE(web.write(other));
  REQUIRE(web.write(heartbeat));
  while (!web.read().has_heartbeat()) continue;
  CHECK(forward_as(world.router, kGuests) == StatusCode::OK);
}

TEST_CASE("people: what is told of tickets must be digests, and not too many") {
  PeopleWorld world;
  Share one(world.router, "web", "", kAnns, {"short"});
  CHECK(one.finish().error_code() == StatusCode::INVALID_ARGUMENT);
  Share many(world.router, "web", "", kAnns, std::vector<std::string>(1'025, verifier()));
  CHECK(many.finish().error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(Share(world.router, "web", "", kAnns, std::vector<std::string>(1'024, verifier()))
            .is_registered);
}

TEST_CASE("people: who is taken out loses their connections at once, and nobody else theirs") {
  PeopleWorld world;
  Share share(world.router, "web", "", kAnns);
  JoinedLanes anns(world.router, kAnns);
  JoinedLanes bobs(world.router, kBobs);
  const std::string token = test::new_token(world.router, "web", kBobs);
  ClientLane waiting(world.router, {token, "connect", "web", "0", kBobs});
  waiting.wait_until_answered();

  world.take_out_bob();
  CHECK(bobs.connect.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(bobs.share.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(waiting.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(lane_as(world.router, kBobs, bobs.token, "connect", "1") == StatusCode::UNAUTHENTICATED);
  CHECK(anns.share.send("still here"));
  CHECK(anns.connect.receive() == "still here");
}

TEST_CASE("people: who is taken out loses their services at once, which are not waited for") {
  PeopleWorld world;
  Share share(world.router, "web", "", kAnns, {verifier()});
  JoinedLanes bobs(world.router, kBobs);
  JoinedLanes guests(world.router, kGuests);
  world.router.set_people({person("bob"), person("carol")});
  CHECK(share.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(bobs.connect.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(guests.connect.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(list_as(world.router, credential_of("bob")) == Listed{StatusCode::OK, 0});
}

TEST_CASE("people: less to do is taken away at once too") {
  PeopleWorld world;
  Share share(world.router, "web", "", kAnns);
  config::Person ann = person("ann");
  ann.names = {"ann-*"};
  world.router.set_people({ann});
  CHECK(share.finish().error_code() == StatusCode::PERMISSION_DENIED);
}

TEST_CASE("people: what one person may use at once is limited") {
  router::Limits limits;
  limits.services_per_caller = 2;
  limits.connections_per_caller = 1;
  PeopleWorld world(limits);
  Share web(world.router, "web", "", kAnns, {verifier()});
  Share db(world.router, "db", "", kAnns);
  Share more(world.router, "more", "", kAnns);
  const grpc::Status refused = more.finish();
  CHECK(refused.error_code() == StatusCode::RESOURCE_EXHAUSTED);
  CHECK(refused.error_message() == "ann has too many services");
  CHECK(world.router.refused("services_per_caller") == 1);
  Share again(world.router, "web", "", kAnns, {verifier()});
  CHECK(again.is_registered);  // in its own place
  {
    const JoinedLanes bobs(world.router, kBobs);
    const std::string token = test::new_token(world.router, "web", kBobs);
    ClientLane one_more(world.router, {token, "connect", "web", "0", kBobs});
    const grpc::Status status = one_more.finish();
    CHECK(status.error_code() == StatusCode::RESOURCE_EXHAUSTED);
    CHECK(status.error_message() == "bob has too many connections");
    const JoinedLanes guests(world.router, kGuests);
    CHECK(lane_as(world.router, kGuests, test::new_token(world.router, "web", kGuests)) ==
          StatusCode::RESOURCE_EXHAUSTED);
    CHECK(world.router.refused("connections_per_caller") == 2);
  }
}

TEST_CASE("people: who opens too many connections a second is told so, and others go on") {
  router::Limits limits;
  limits.opens_per_second = 1;
  PeopleWorld world(limits);
  Share share(world.router, "web", "", kAnns);
  mindmeld::v1::ForwardToServiceResponse response;
  grpc::Status status;
  while (status.ok()) status = test::forward(world.router, "web", 16, response, kBobs);
  CHECK(status.error_code() == StatusCode::RESOURCE_EXHAUSTED);
  CHECK(status.error_message() == "bob opens too many connections a second");
  CHECK(world.router.refused("opens_per_second") == 1);
  CHECK(forward_as(world.router, kAnns) == StatusCode::OK);
}

TEST_CASE("people: a credential that is there twice is nobody's") {
  PeopleWorld world;
  grpc::ClientContext context;
  test::present(context, kAnns);
  test::present(context, kAnns);
  mindmeld::v1::ListServicesResponse response;
  CHECK(world.router.control->ListServices(&context, {}, &response).error_code() ==
        StatusCode::UNAUTHENTICATED);
}

TEST_CASE("people: a router without them takes everybody, whatever they say they are") {
  LiveRouter router;
  Share share(router, "web", "", "person nonsense");
  CHECK(share.is_registered);
  CHECK(forward_as(router, "ticket nonsense") == StatusCode::OK);
  CHECK(list_as(router, "x") == Listed{StatusCode::OK, 1});
}
