// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <set>

#include "client_fixture.h"
#include "fake_router.h"

using namespace mm;
using namespace mm::test;

namespace {

base::StatusOr<transport::Forwards> forwards_of(const FakeRouter& router, uint32_t count = 4) {
  EventLoop events;
  const auto client = open_client(events, router.url());
  std::optional<base::StatusOr<transport::Forwards>> answer;
  client->forward_to_service({.service = "web", .count = count}, [&](auto forwards) {
    answer = std::move(forwards);
    events.note_event();
  });
  events.run_until([&] { return answer.has_value(); });
  return *std::move(answer);
}

std::string token_text(char digit) { return std::string(64, digit); }

pb::CreateServiceResponse registered() {
  pb::CreateServiceResponse response;
  response.mutable_registered()->set_router_instance("r1");
  return response;
}

}  // namespace

TEST_CASE("control: ForwardToService gives the tokens and the port hint") {
  pb::ForwardToServiceRequest asked;
  FakeRouter router({.forward = [&](const auto& request, auto* response) {
    asked = request;
    response->add_token(token_text('a'));
    response->add_token(token_text('b'));
    response->set_port_hint(5432);
    return grpc::Status::OK;
  }});
  const auto forwards = forwards_of(router);
  REQUIRE(forwards.ok());
  CHECK((asked.service() == "web" && asked.count() == 4));
  REQUIRE(forwards->tokens.size() == 2);
  CHECK(forwards->tokens[1].reveal() == token_text('b'));
  CHECK(forwards->port_hint == 5432);
}

TEST_CASE("control: an answer that no router gives is taken for that") {
  for (const std::string text : {"", "nonsense"}) {
    FakeRouter router({.forward = [&](const auto&, auto* response) {
      if (!text.empty()) response->add_token(text);
      return grpc::Status::OK;
    }});
    CHECK(forwards_of(router).status().code() == Code::kFailedPrecondition);
  }
  FakeRouter generous({.forward = [&](const auto&, auto* response) {
    for (int i = 0; i < 2; ++i) response->add_token(token_text('a'));
    return grpc::Status::OK;
  }});
  CHECK(forwards_of(generous, 1).status().code() == Code::kFailedPrecondition);
}

TEST_CASE("control: what the router says about a request keeps its code and its words") {
  struct Row {
    grpc::StatusCode from;
    Code to;
  };
  for (const Row& row : {Row{grpc::StatusCode::NOT_FOUND, Code::kNotFound},
                         Row{grpc::StatusCode::ALREADY_EXISTS, Code::kAlreadyExists},
                         Row{grpc::StatusCode::RESOURCE_EXHAUSTED, Code::kResourceExhausted},
                         Row{grpc::StatusCode::INVALID_ARGUMENT, Code::kInvalidArgument},
                         Row{grpc::StatusCode::PERMISSION_DENIED, Code::kPermissionDenied},
                         Row{grpc::StatusCode::UNAUTHENTICATED, Code::kUnauthenticated}}) {
    FakeRouter router(
        {.forward = [&](const auto&, auto*) { return grpc::Status(row.from, "the words"); }});
    const auto status = forwards_of(router).status();
    CHECK(status.code() == row.to);
    const bool is_about_us = row.to == Code::kPermissionDenied || row.to == Code::kUnauthenticated;
    CHECK(words(status) == (is_about_us ? router.url().text() + ": the words" : "the words"));
  }
}

TEST_CASE("control: a router that is about to end is not asked again on the same connection") {
  for (const auto code : {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::ABORTED}) {
    std::set<std::string> peers;
    FakeRouter router({.create = [&](grpc::ServerContext& context, auto&) {
      peers.insert(context.peer());
      return grpc::Status(code, "the router stops");
    }});
    EventLoop events;
    const auto client = open_client(events, router.url());
    for (int i = 0; i < 3; ++i) {
      RegistrationLog log(events);
      register_web(*client, log);
      events.run_until([&] { return log.ended.has_value(); });
      CHECK(log.ended->code() == Code::kAborted);
    }
    CHECK(peers.size() == (code == grpc::StatusCode::UNAVAILABLE ? 3 : 1));
  }
}

TEST_CASE("control: a router's words cannot fill or steer a terminal") {
  FakeRouter router({.forward = [](const auto&, auto*) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "\x1b[2J\n" + std::string(1'000, 'x'));
  }});
  const std::string text = words(forwards_of(router).status());
  CHECK(text.starts_with("\\x1b[2J\\x0axxx"));
  CHECK(text.size() <= 200);
}

TEST_CASE("control: ListServices gives what the router knows") {
  FakeRouter router({.list = [](pb::ListServicesResponse* response) {
    auto& service = *response->add_services();
    service.set_name("web");
    service.mutable_create_time()->set_seconds(1'700'000'000);
    service.set_owner("ann@host");
    service.set_connections(3);
    service.set_away(true);
    return grpc::Status::OK;
  }});
  EventLoop events;
  const auto client = open_client(events, router.url());
  std::vector<transport::ServiceInfo> services;
  client->list_services({}, [&](const auto& answer) {
    REQUIRE(answer.ok());
    services = answer->services;
    events.note_event();
  });
  events.run_until([&] { return !services.empty(); });
  CHECK(services[0].name == "web");
  CHECK(services[0].create_time_s == 1'700'000'000);
  CHECK(services[0].owner == "ann@host");
  CHECK((services[0].connections == 3 && services[0].away));
}

TEST_CASE("control: a handler that did not run when the client goes never will") {
  FakeRouter router({});
  EventLoop events;
  auto client = open_client(events, router.url());
  const auto held = std::make_shared<int>();
  bool called = false;
  client->list_services({}, [&called, held](const auto&) { called = true; });
  client.reset();
  CHECK(held.use_count() == 1);
  events.run_posted();
  CHECK(!called);
}

TEST_CASE("registration: the share hears everything that the router tells it, in order") {
  pb::CreateServiceRequest asked;
  FakeRouter router({.create = [&](auto&, FakeRouter::Control& control) {
    control.Read(&asked);
    control.Write(registered());
    pb::CreateServiceResponse response;
    response.mutable_forward()->set_token(token_text('c'));
    response.mutable_forward()->set_generation(3);
    control.Write(response);
    response.mutable_forward()->set_token("malformed");
    control.Write(response);
    response.mutable_superseded();
    control.Write(response);
    response.mutable_draining();
    control.Write(response);
    response.mutable_move()->set_token(token_text('d'));
    control.Write(response);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the router stops");
  }});
  EventLoop events;
  const auto client = open_client(events, router.url());
  RegistrationLog log(events);
  register_web(*client, log);
  events.run_until([&] { return log.ended.has_value(); });
  CHECK(log.heard == std::vector<std::string>{"registered r1", "forward cccc 3", "superseded",
                                              "draining", "move dddd", "ended"});
  CHECK(log.ended->code() == Code::kAborted);
  CHECK(words(*log.ended) ==
        "the router at " + router.url().text() + " ended the call: the router stops");
  CHECK(asked.registration().name() == "web");
  CHECK(asked.registration().kind() == "tcp");
  CHECK(asked.registration().port_hint() == 3000);
  CHECK(asked.registration().owner_proof() == "proof");
  CHECK(asked.registration().label() == "ann@host");
}

TEST_CASE("registration: a name that is another's ends it with kAlreadyExists") {
  FakeRouter router({.create = [](auto&, auto&) {
    return grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "web is shared by bob@host");
  }});
  EventLoop events;
  const auto client = open_client(events, router.url());
  RegistrationLog log(events);
  register_web(*client, log);
  events.run_until([&] { return log.ended.has_value(); });
  CHECK(log.ended->code() == Code::kAlreadyExists);
  CHECK(words(*log.ended) == "web is shared by bob@host");
}

TEST_CASE("registration: its end is never OK, whatever the router says") {
  FakeRouter router({});
  EventLoop events;
  const auto client = open_client(events, router.url());
  RegistrationLog log(events);
  register_web(*client, log);
  events.run_until([&] { return log.ended.has_value(); });
  CHECK(log.ended->code() == Code::kUnavailable);
}

TEST_CASE("registration: heartbeats keep it, and it ends when the router has none") {
  std::atomic<int> heartbeats = 0;
  FakeRouter router({.create = [&](auto&, FakeRouter::Control& control) {
    control.Write(registered());
    pb::CreateServiceRequest request;
    pb::CreateServiceResponse heartbeat;
    heartbeat.mutable_heartbeat();
    while (control.Read(&request)) {
      if (request.has_heartbeat() && ++heartbeats <= 20) control.Write(heartbeat);
    }
    return grpc::Status::CANCELLED;
  }});
  EventLoop events;
  const auto client = open_client(
      events, router.url(), {},
      {.heartbeat = std::chrono::milliseconds(20), .silence = std::chrono::milliseconds(200)});
  RegistrationLog log(events);
  register_web(*client, log);
  events.run_until([&] { return log.ended.has_value(); });
  CHECK(heartbeats > 20);
  CHECK(log.ended->code() == Code::kUnavailable);
  CHECK(words(*log.ended) == "the router at " + router.url().text() + " does not answer");
}

TEST_CASE("registration: a router that does not accept it in time ends it") {
  FakeRouter router({.create = [](auto&, FakeRouter::Control& control) {
    return FakeRouter::stay_silent(control, pb::CreateServiceRequest());
  }});
  EventLoop events;
  const auto client =
      open_client(events, router.url(), {}, {.answer = std::chrono::milliseconds(100)});
  RegistrationLog log(events);
  register_web(*client, log);
  events.run_until([&] { return log.ended.has_value(); });
  CHECK(log.ended->code() == Code::kUnavailable);
}

TEST_CASE("registration: no callback comes after its destructor") {
  FakeRouter router({.create = [](auto&, FakeRouter::Control& control) {
    control.Write(registered());
    return FakeRouter::stay_silent(control, pb::CreateServiceRequest());
  }});
  EventLoop events;
  const auto client = open_client(events, router.url());
  RegistrationLog early(events);
  register_web(*client, early);
  early.registration.reset();
  RegistrationLog late(events);
  register_web(*client, late);
  events.run_until([&] { return late.heard.size() == 1; });
  late.registration.reset();
  for (int i = 0; i < 10; ++i) CHECK(list_status(events, *client).ok());
  CHECK((early.heard.empty() && late.heard.size() == 1));
}
