// SPDX-License-Identifier: MIT
// The whole router over real gRPC, as its clients see it.
#include "router/router.h"

#include <doctest/doctest.h>

#include "unit/router/live_router.h"

using namespace mm;
using namespace std::chrono_literals;
using grpc::StatusCode;
using test::ClientLane;
using test::LiveRouter;
using test::Share;

namespace {

// A share of "web" and one connection to it, joined.
struct Connection {
  explicit Connection(LiveRouter& router)
      : share(router, "web"),
        token(test::new_token(router)),
        connect_end(router, {.token = token}),
        share_end(router, {.token = share.read().forward().token(), .role = "share"}) {
    share_end.wait_until_answered();
  }

  Share share;
  std::string token;
  ClientLane connect_end;
  ClientLane share_end;
};

grpc::Status outcome(LiveRouter& router, const ClientLane::Metadata& metadata) {
  return ClientLane(router, metadata).finish();
}

}  // namespace

TEST_CASE("router: it joins a connect lane and a share lane, and both ends talk") {
  LiveRouter router;
  Connection connection(router);
  for (const std::string& text : {std::string("hello"), std::string(256 << 10, 'x')}) {
    CHECK(connection.connect_end.send(text));
    CHECK(connection.share_end.receive() == text);
    CHECK(connection.share_end.send(text + "!"));
    CHECK(connection.connect_end.receive() == text + "!");
  }
}

TEST_CASE("router: the share is told of a token with its service, on the stream it registered by") {
  LiveRouter router;
  Share share(router, "web");
  CHECK(share.registered.registered().router_instance().size() == 16);
  const std::string token = test::new_token(router);
  ClientLane lane(router, {.token = token});
  const Share::Response response = share.read();
  CHECK(response.forward().token() == token);
  CHECK(response.forward().generation() == 0);
  CHECK(response.forward().service() == "web");
}

TEST_CASE("router: a lane is admitted before its other end comes") {
  LiveRouter router;
  Share share(router, "web");
  ClientLane lane(router, {.token = test::new_token(router)});
  lane.wait_until_answered();  // else this would be for ever: nobody else comes
}

TEST_CASE("router: a half-close delivers what came before it, and two end both lanes with OK") {
  LiveRouter router;
  Connection connection(router);
  for (int i = 0; i < 100; ++i) CHECK(connection.connect_end.send(std::to_string(i)));
  connection.connect_end.half_close();
  for (int i = 0; i < 100; ++i) CHECK(connection.share_end.receive() == std::to_string(i));
  CHECK(connection.share_end.send("and back"));
  connection.share_end.half_close();
  CHECK(connection.connect_end.receive() == "and back");
  CHECK(connection.share_end.receive().empty());
  CHECK(connection.share_end.finish().ok());
  CHECK(connection.connect_end.finish().ok());
  CHECK(router.refused("call_lost") == 0);
}

TEST_CASE("router: when one end cancels, the other's lane ends with ABORTED") {
  LiveRouter router;
  {
    Connection connection(router);
    connection.connect_end.cancel();
    CHECK(connection.share_end.finish().error_code() == StatusCode::ABORTED);
    CHECK(router.refused("call_lost") == 1);
  }
  LiveRouter another;
  Connection connection(another);
  connection.share_end.cancel();
  CHECK(connection.connect_end.finish().error_code() == StatusCode::ABORTED);
  CHECK(another.refused("call_lost") == 1);
}

TEST_CASE("router: an end that stopped reading does not keep a lane whose other end is gone") {
  router::Limits limits;
  limits.end_patience = 50ms;
  LiveRouter router(limits);
  Connection connection(router);
  std::thread writer([&] {
    while (connection.connect_end.send(std::string(256 << 10, 'x'))) continue;
  });
  while (test::list(router).services(0).bytes() < (4 << 20)) continue;  // until it is stuck, surely
  connection.connect_end.cancel();
  writer.join();
  while (test::list(router).services(0).connections() > 0) continue;
  CHECK(router.refused("stuck_reader") == 1);
  CHECK(router.refused("call_lost") == 1);  // the one that was cancelled
}

TEST_CASE("router: two hundred lanes at once are all admitted and joined") {
  router::Limits limits;
  limits.lane_wait = 1min;  // a sanitizer's build takes its time
  LiveRouter router(limits);
  Share share(router, "web");
  std::vector<std::unique_ptr<ClientLane>> connects;
  std::vector<std::unique_ptr<ClientLane>> shares;
  for (int i = 0; i < 100; ++i) {
    connects.push_back(
        std::make_unique<ClientLane>(router, ClientLane::Metadata{test::new_token(router)}));
    CHECK(connects.back()->send(std::to_string(i)));
  }
  for (int i = 0; i < 100; ++i) {
    shares.push_back(std::make_unique<ClientLane>(
        router, ClientLane::Metadata{share.read().forward().token(), "share"}));
  }
  // One echo each, whichever share lane met whichever connect lane.
  for (auto& lane : shares) CHECK(lane->send(lane->receive()));
  for (size_t i = 0; i < connects.size(); ++i) CHECK(connects[i]->receive() == std::to_string(i));
  CHECK(test::list(router).services(0).connections() == 100);
  for (auto& lane : connects) lane->half_close();
  for (auto& lane : shares) lane->half_close();
  for (auto& lane : connects) CHECK(lane->finish().ok());
  for (auto& lane : shares) CHECK(lane->finish().ok());
}

TEST_CASE("router: a token opens one connection, to its service, for who knows it") {
  LiveRouter router;
  Share db(router, "db");
  Connection connection(router);
  const std::string unknown(64, 'a');
  CHECK(outcome(router, {.token = unknown}).error_code() == StatusCode::NOT_FOUND);
  CHECK(outcome(router, {.token = unknown, .service = "gone", .generation = "1"}).error_code() ==
        StatusCode::NOT_FOUND);
  CHECK(outcome(router, {.token = connection.token}).error_code() == StatusCode::NOT_FOUND);
  CHECK(outcome(router, {.token = test::new_token(router), .service = "db"}).error_code() ==
        StatusCode::NOT_FOUND);
  const std::string token = test::new_token(router);
  ClientLane first(router, {.token = token});
  first.wait_until_answered();
  CHECK(outcome(router, {.token = token}).error_code() == StatusCode::ALREADY_EXISTS);
  CHECK(connection.connect_end.send("still here"));
  CHECK(connection.share_end.receive() == "still here");
}

TEST_CASE("router: malformed metadata is INVALID_ARGUMENT, and says which") {
  LiveRouter router;
  Share share(router, "web");
  const grpc::Status status = outcome(router, {.token = "short"});
  CHECK(status.error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message() ==
        "metadata mindmeld-token: wanted once, and 64 lower-case hex digits");
  CHECK(outcome(router, {.token = test::new_token(router), .role = "router"}).error_code() ==
        StatusCode::INVALID_ARGUMENT);
  CHECK(router.refused("malformed") == 2);
}

TEST_CASE("router: a lane that nobody meets ends with ABORTED") {
  router::Limits limits;
  limits.lane_wait = 20ms;
  LiveRouter router(limits);
  Share share(router, "web");
  const grpc::Status status = outcome(router, {.token = test::new_token(router)});
  CHECK(status.error_code() == StatusCode::ABORTED);
  CHECK(status.error_message() == "the other end did not come");
}

TEST_CASE("router: a service that nobody shares, or no longer, is NOT_FOUND") {
  LiveRouter router;
  mindmeld::v1::ForwardToServiceResponse response;
  const grpc::Status status = test::forward(router, "web\n", 1, response);
  CHECK(status.error_code() == StatusCode::NOT_FOUND);
  CHECK(status.error_message() == "nobody shares \"web\\x0a\" now");
  std::string token;
  {
    Share share(router, "web");
    token = test::new_token(router);
    share.half_close();
    CHECK(share.finish().ok());
  }
  CHECK(test::forward(router, "web", 1, response).error_code() == StatusCode::NOT_FOUND);
  CHECK(outcome(router, {.token = token}).error_code() == StatusCode::NOT_FOUND);
  CHECK(router.refused("no_service") == 3);
}

TEST_CASE(
    "router: it hands out as many tokens as asked for, up to 16, and a bounded number unused") {
  router::Limits limits;
  limits.tokens_per_caller = 64;
  LiveRouter router(limits);
  Share share(router, "web");
  mindmeld::v1::ForwardToServiceResponse response;
  CHECK(test::forward(router, "web", 0, response).ok());
  CHECK(response.token_size() == 1);
  CHECK(response.port_hint() == 3000);
  CHECK(test::forward(router, "web", 4'000'000'000, response).ok());
  CHECK(response.token_size() == 16);
  while (test::forward(router, "web", 16, response).ok()) continue;
  CHECK(test::forward(router, "web", 1, response).error_code() == StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("router: a share that registers is told of who waits for it already") {
  LiveRouter router;
  auto first = std::make_unique<Share>(router, "web", "ann");
  const std::string token = test::new_token(router);
  ClientLane lane(router, {.token = token});
  lane.wait_until_answered();
  Share second(router, "web", "ann");
  CHECK(second.read().forward().token() == token);
}

TEST_CASE("router: the same owner's newest share has the name, and the older one is told") {
  LiveRouter router;
  Share older(router, "web", "ann");
  Share newer(router, "web", "ann");
  CHECK(newer.is_registered);
  CHECK(older.read().has_superseded());
  CHECK(test::list(router).services_size() == 1);
}

TEST_CASE("router: another owner is told that the name is taken") {
  LiveRouter router;
  Share ann(router, "web", "ann");
  Share bob(router, "web", "bob");
  CHECK(!bob.is_registered);
  const grpc::Status status = bob.finish();
  CHECK(status.error_code() == StatusCode::ALREADY_EXISTS);
  CHECK(status.error_message() == "the name \"web\" is taken by another share: choose another");
  CHECK(router.refused("name_taken") == 1);
}

TEST_CASE("router: a control stream that breaks its rules is ended, and says how") {
  LiveRouter router;
  Share::Request heartbeat;
  heartbeat.mutable_heartbeat();
  Share::Request registration;
  registration.mutable_registration()->set_name("web");

  CHECK(Share(router, "Web!").finish().error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(router.refused("name") == 1);
  {
    Share share(router);
    share.write(heartbeat);
    CHECK(share.finish().error_code() == StatusCode::INVALID_ARGUMENT);
  }
  {
    Share share(router);
    registration.mutable_registration()->set_port_hint(65536);
    share.write(registration);
    CHECK(share.finish().error_code() == StatusCode::INVALID_ARGUMENT);
  }
  Share share(router, "web");
  share.write(registration);
  CHECK(share.finish().error_code() == StatusCode::INVALID_ARGUMENT);
  CHECK(test::list(router).services_size() == 0);
  CHECK(router.refused("malformed") == 3);
}

TEST_CASE("router: heartbeats are answered, and a silent control stream is ended") {
  router::Limits limits;
  limits.registration_wait = 20ms;
  limits.silence = 100ms;
  LiveRouter router(limits);
  CHECK(Share(router).finish().error_code() == StatusCode::DEADLINE_EXCEEDED);
  CHECK(router.refused("registration_wait") == 1);
  Share share(router, "web");
  Share::Request heartbeat;
  heartbeat.mutable_heartbeat();
  for (int i = 0; i < 3; ++i) {
    CHECK(share.write(heartbeat));
    CHECK(share.read().has_heartbeat());
  }
  CHECK(share.finish().error_code() == StatusCode::DEADLINE_EXCEEDED);
  CHECK(test::list(router).services_size() == 0);
  CHECK(router.refused("silence") == 1);
}

TEST_CASE(
    "router: a control stream that breaks off is counted, and one that its share ends is not") {
  LiveRouter router;
  {
    Share share(router, "web");
    share.half_close();
    CHECK(share.finish().ok());
  }
  CHECK(router.refused("call_lost") == 0);
  { Share share(router, "web"); }  // cancels
  while (test::list(router).services_size() > 0) continue;
  CHECK(router.refused("call_lost") == 1);
}

TEST_CASE("router: a share that does not take its messages loses its stream, not the router") {
  router::Limits limits;
  limits.messages_unsent = 0;  // as if it had not taken the ones before
  LiveRouter router(limits);
  CHECK(Share(router, "web").finish().error_code() == StatusCode::RESOURCE_EXHAUSTED);
  CHECK(test::list(router).services_size() == 0);
  CHECK(router.refused("unread_messages") == 1);
}

TEST_CASE("router: the list tells what is shared, by whom, and how much it is used") {
  LiveRouter router;
  CHECK(test::list(router).services_size() == 0);
  Share db(router, "db");
  Connection connection(router);
  CHECK(connection.connect_end.send("hello"));
  CHECK(connection.share_end.receive() == "hello");
  const mindmeld::v1::ListServicesResponse response = test::list(router);
  REQUIRE(response.services_size() == 2);
  CHECK(response.services(0).name() == "db");
  const mindmeld::v1::Service& web = response.services(1);
  CHECK(web.name() == "web");
  CHECK(web.owner() == "ann@laptop");
  CHECK(web.kind() == "tcp");
  CHECK(web.create_time().seconds() > 1'600'000'000);
  CHECK(web.connections() == 1);
  CHECK(web.bytes() == 7);  // the frame's two bytes of header too
  CHECK(!web.away());
}

TEST_CASE("router: it leaves at once when nothing is open") {
  router::Limits limits;
  limits.drain = 1h;
  LiveRouter router(limits);
  Share share(router, "web");
  router.stop();
  CHECK(share.read().has_draining());
  CHECK(share.finish().error_code() == StatusCode::UNAVAILABLE);
}

TEST_CASE("router: when it stops, open connections may end by themselves, new ones are refused") {
  router::Limits limits;
  limits.drain = 1h;
  LiveRouter router(limits);
  Connection connection(router);
  const std::string token = test::new_token(router);
  ClientLane waiting(router, {.token = token});
  waiting.wait_until_answered();
  CHECK(connection.share.read().has_forward());
  router.stop();
  CHECK(connection.share.read().has_draining());
  CHECK(waiting.finish().error_code() == StatusCode::UNAVAILABLE);
  CHECK(outcome(router, {.token = token}).error_message() == "the router is shutting down");
  Share late(router, "late");
  CHECK(late.finish().error_code() == StatusCode::UNAVAILABLE);
  mindmeld::v1::ForwardToServiceResponse response;
  CHECK(test::forward(router, "web", 1, response).error_code() == StatusCode::UNAVAILABLE);
  CHECK(connection.connect_end.send("bye"));
  CHECK(connection.share_end.receive() == "bye");
  connection.connect_end.half_close();
  connection.share_end.half_close();
  CHECK(connection.share_end.finish().ok());
  CHECK(connection.connect_end.finish().ok());
}

TEST_CASE("router: connections that are still open after the drain end with UNAVAILABLE") {
  router::Limits limits;
  limits.drain = 20ms;
  LiveRouter router(limits);
  Connection connection(router);
  router.stop();
  CHECK(connection.connect_end.finish().error_message() == "the router is shutting down");
  CHECK(connection.share_end.finish().error_code() == StatusCode::UNAVAILABLE);
}
