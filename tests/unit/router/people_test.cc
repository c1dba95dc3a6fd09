// SPDX-License-Identifier: MIT
// A router that knows people: every call that there is, by those who may and those who may not.
#include <doctest/doctest.h>

#include "base/base64url.h"
#include "unit/router/live_router.h"

using namespace mm;
using grpc::StatusCode;
using test::ClientLane;
using test::LiveRouter;
using test::Share;

namespace {

std::string pass_of(const std::string& id) { return "mm_" + id + "_" + std::string(43, 'A'); }
std::string credential_of(const std::string& id) { return "person " + pass_of(id); }

config::Person person(const std::string& id, unsigned verbs = config::kEveryVerb) {
  return {.id = id, .verbs = verbs, .passes = {secure::sha256(pass_of(id))}, .expires_s = {}};
}

const std::string kAnn = credential_of("ann");
const std::string kBob = credential_of("bob");
const std::string kProof(32, 'p');
const std::string kTicket =
    "ticket " +
    base::to_base64url(std::span(reinterpret_cast<const uint8_t*>(kProof.data()), kProof.size()));

std::string verifier() {
  const secure::Digest digest = secure::sha256(kProof);
  return {digest.begin(), digest.end()};
}

// Ann may do everything, Bob may only connect.
struct World {
  explicit World(const router::Limits& limits = {}) : router(limits) {
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
struct Joined {
  Joined(LiveRouter& router, const std::string& connect_as)
      : token(test::new_token(router, "web", connect_as)),
        connect(router, {token, "connect", "web", "0", connect_as}),
        share(router, {token, "share", "web", "0", kAnn}) {
    CHECK(connect.send("hello"));
    CHECK(share.receive() == "hello");
  }
  std::string token;
  ClientLane connect;
  ClientLane share;
};

}  // namespace

TEST_CASE("people: who shares must have a pass, and is told how to give it") {
  World world;
  for (const std::string& credential : {std::string(), kTicket}) {
    Share share(world.router, "web", "", credential);
    CHECK_FALSE(share.is_registered);
    const grpc::Status status = share.finish();
    CHECK(status.error_code() == StatusCode::UNAUTHENTICATED);
    CHECK(status.error_message().starts_with("this router lets in who has a pass"));
  }
  Share bob(world.router, "web", "", kBob);
  CHECK(bob.finish().error_code() == StatusCode::PERMISSION_DENIED);
  Share wrong(world.router, "web", "", kAnn + "A");
  CHECK(wrong.finish().error_message() ==
        "this pass is not valid here: ask who runs this router for a new one");
  CHECK(Share(world.router, "web", "", kAnn).is_registered);
}

TEST_CASE("people: a share that may not is refused before it says what it shares") {
  World world;
  Share share(world.router);
  CHECK(share.finish().error_code() == StatusCode::UNAUTHENTICATED);
}

TEST_CASE("people: a service is its person's, who takes it over whatever the proof") {
  World world;
  Share older(world.router, "web", "laptop", kAnn);
  Share newer(world.router, "web", "desktop", kAnn);
  CHECK(newer.is_registered);
  CHECK(older.read().has_superseded());
  world.router.set_people({person("ann"), person("carol")});
  Share carol(world.router, "web", "desktop", credential_of("carol"));
  CHECK(carol.finish().error_code() == StatusCode::ALREADY_EXISTS);
  grpc::ClientContext context;
  test::present(context, kAnn);
  mindmeld::v1::ListServicesResponse listed;
  REQUIRE(world.router.control->ListServices(&context, {}, &listed).ok());
  CHECK(listed.services(0).owner() == "ann");
}

TEST_CASE("people: who forwards must be let in, and hears nothing of what there is") {
  World world;
  Share share(world.router, "web", "", kAnn);
  CHECK(forward_as(world.router, kAnn) == StatusCode::OK);
  CHECK(forward_as(world.router, kBob) == StatusCode::OK);
  for (const std::string service : {"web", "nothing"}) {
    CHECK(forward_as(world.router, "", service) == StatusCode::NOT_FOUND);
    CHECK(forward_as(world.router, kTicket, service) == StatusCode::NOT_FOUND);
    CHECK(forward_as(world.router, "person x", service) == StatusCode::UNAUTHENTICATED);
  }
}

TEST_CASE("people: a lane is asked about like the call that gave its token, first or not") {
  World world;
  Share share(world.router, "web", "", kAnn);
  const std::string token = test::new_token(world.router, "web", kBob);
  for (const std::string generation : {"0", "1"}) {
    CHECK(lane_as(world.router, "", token, "connect", generation) == StatusCode::NOT_FOUND);
    CHECK(lane_as(world.router, kTicket, token, "connect", generation) == StatusCode::NOT_FOUND);
    CHECK(lane_as(world.router, "person x", token, "connect", generation) ==
          StatusCode::UNAUTHENTICATED);
    CHECK(lane_as(world.router, "", token, "share", generation) == StatusCode::UNAUTHENTICATED);
    CHECK(lane_as(world.router, kTicket, token, "share", generation) ==
          StatusCode::UNAUTHENTICATED);
    CHECK(lane_as(world.router, kBob, token, "share", generation) == StatusCode::PERMISSION_DENIED);
  }
  const Joined joined(world.router, kBob);
}

TEST_CASE("people: a token is for who asked for it, and is not used up by who tries it") {
  World world;
  const std::string carol = credential_of("carol");
  world.router.set_people({person("ann"), person("bob", config::kMayConnect), person("carol")});
  Share share(world.router, "web", "", kAnn, {verifier()});
  const std::string token = test::new_token(world.router, "web", kBob);
  for (const std::string& other : {kAnn, carol, kTicket}) {
    CHECK(lane_as(world.router, other, token) == StatusCode::NOT_FOUND);
  }
  ClientLane connect(world.router, {token, "connect", "web", "0", kBob});
  CHECK(connect.send("hello"));
  for (const std::string& other : {kAnn, carol, kTicket}) {
    CHECK(lane_as(world.router, other, token, "connect", "1") == StatusCode::NOT_FOUND);
  }
  CHECK(lane_as(world.router, carol, token, "share") == StatusCode::NOT_FOUND);
  ClientLane shares(world.router, {token, "share", "web", "0", kAnn});
  CHECK(shares.receive() == "hello");
  CHECK(lane_as(world.router, carol, token, "connect", "1") == StatusCode::NOT_FOUND);
  CHECK(lane_as(world.router, carol, token, "share", "1") == StatusCode::NOT_FOUND);
  CHECK(connect.send("still here"));
  CHECK(shares.receive() == "still here");
}

TEST_CASE("people: a list shows what one may see; which router it is, everybody may know") {
  World world;
  Share web(world.router, "web", "", kAnn, {verifier()});
  Share db(world.router, "db", "", kAnn);
  CHECK(list_as(world.router, kAnn) == Listed{StatusCode::OK, 2});
  CHECK(list_as(world.router, kAnn, {"db", "x"}) == Listed{StatusCode::OK, 1});
  CHECK(list_as(world.router, kBob).code == StatusCode::PERMISSION_DENIED);
  CHECK(list_as(world.router, kBob, {"web"}) == Listed{StatusCode::OK, 0});
  CHECK(list_as(world.router, "").code == StatusCode::UNAUTHENTICATED);
  CHECK(list_as(world.router, "", {"web", "?"}) == Listed{StatusCode::OK, 0});
  CHECK(list_as(world.router, kTicket).code == StatusCode::UNAUTHENTICATED);
  CHECK(list_as(world.router, kTicket, {"web", "db"}) == Listed{StatusCode::OK, 1});
  CHECK(list_as(world.router, "person x", {"?"}).code == StatusCode::UNAUTHENTICATED);

  config::Person carol = person("carol");
  carol.names = {"d*"};
  world.router.set_people({person("ann"), carol});
  CHECK(list_as(world.router, credential_of("carol")) == Listed{StatusCode::OK, 1});
}

TEST_CASE(
    "people: a ticket opens its service alone, from when its share tells it until it is not") {
  World world;
  Share web(world.router, "web", "", kAnn, {verifier()});
  Share db(world.router, "db", "", kAnn);
  CHECK(forward_as(world.router, kTicket, "db") == StatusCode::NOT_FOUND);
  { const Joined joined(world.router, kTicket); }

  Share::Request other;
  other.mutable_verifiers()->add_ticket_verifier(std::string(32, 'x'));
  REQUIRE(web.write(other));
  Share::Request heartbeat;
  heartbeat.mutable_heartbeat();
  REQUIRE(web.write(heartbeat));
  while (!web.read().has_heartbeat()) continue;  // then the one before has been read
  CHECK(forward_as(world.router, kTicket) == StatusCode::NOT_FOUND);

  other.mutable_verifiers()->add_ticket_verifier(verifier());
  REQUIRE(web.write(other));
  REQUIRE(web.write(heartbeat));
  while (!web.read().has_heartbeat()) continue;
  CHECK(forward_as(world.router, kTicket) == StatusCode::OK);
}

TEST_CASE("people: what is told of tickets must be digests, and not too many") {
  World world;
  Share one(world.router, "web", "", kAnn, {"short"});
  CHECK(one.finish().error_code() == StatusCode::INVALID_ARGUMENT);
  Share many(world.router, "web", "", kAnn, std::vector<std::string>(1'025, verifier()));
  CHECK(many.finish().error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(Share(world.router, "web", "", kAnn, std::vector<std::string>(1'024, verifier()))
            .is_registered);
}

TEST_CASE("people: who is taken out loses their connections at once, and nobody else theirs") {
  World world;
  Share share(world.router, "web", "", kAnn);
  Joined anns(world.router, kAnn);
  Joined bobs(world.router, kBob);
  const std::string token = test::new_token(world.router, "web", kBob);
  ClientLane waiting(world.router, {token, "connect", "web", "0", kBob});
  waiting.wait_until_answered();

  world.take_out_bob();
  CHECK(bobs.connect.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(bobs.share.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(waiting.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(lane_as(world.router, kBob, bobs.token, "connect", "1") == StatusCode::UNAUTHENTICATED);
  CHECK(anns.share.send("still here"));
  CHECK(anns.connect.receive() == "still here");
}

TEST_CASE("people: who is taken out loses their services at once, which are not waited for") {
  World world;
  Share share(world.router, "web", "", kAnn, {verifier()});
  Joined bobs(world.router, kBob);
  Joined guests(world.router, kTicket);
  world.router.set_people({person("bob"), person("carol")});
  CHECK(share.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(bobs.connect.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(guests.connect.finish().error_code() == StatusCode::UNAUTHENTICATED);
  CHECK(list_as(world.router, credential_of("bob")) == Listed{StatusCode::OK, 0});
}

TEST_CASE("people: less to do is taken away at once too") {
  World world;
  Share share(world.router, "web", "", kAnn);
  config::Person ann = person("ann");
  ann.names = {"ann-*"};
  world.router.set_people({ann});
  CHECK(share.finish().error_code() == StatusCode::PERMISSION_DENIED);
}

TEST_CASE("people: what one person may use at once is limited") {
  router::Limits limits;
  limits.services_per_caller = 2;
  limits.connections_per_caller = 1;
  World world(limits);
  Share web(world.router, "web", "", kAnn, {verifier()});
  Share db(world.router, "db", "", kAnn);
  Share more(world.router, "more", "", kAnn);
  CHECK(more.finish().error_code() == StatusCode::RESOURCE_EXHAUSTED);
  Share again(world.router, "web", "", kAnn, {verifier()});
  CHECK(again.is_registered);  // in its own place
  {
    const Joined bobs(world.router, kBob);
    CHECK(lane_as(world.router, kBob, test::new_token(world.router, "web", kBob)) ==
          StatusCode::RESOURCE_EXHAUSTED);
    const Joined guests(world.router, kTicket);
    CHECK(lane_as(world.router, kTicket, test::new_token(world.router, "web", kTicket)) ==
          StatusCode::RESOURCE_EXHAUSTED);
  }
}

TEST_CASE("people: a credential that is there twice is nobody's") {
  World world;
  grpc::ClientContext context;
  test::present(context, kAnn);
  test::present(context, kAnn);
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
