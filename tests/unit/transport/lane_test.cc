// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <future>
#include <mutex>
#include <set>

#include "client_fixture.h"
#include "fake_router.h"

using namespace mm;
using namespace mm::test;

TEST_CASE("lane: what is written comes back, whatever its size, in order") {
  FakeRouter router({});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog log(events);
  std::string sent = "x";
  open_lane(*client, log, sent);
  size_t writes = 1;
  for (const size_t size :
       {size_t{0}, size_t{64}, size_t{1'000}, size_t{5'000}, size_t{70'000}, wire::kDataBytesMax}) {
    events.run_until([&] { return log.written == writes; });
    const std::string part(size, static_cast<char>('a' + size % 26));
    log.write(part);
    ++writes;
    sent += part;
  }
  events.run_until([&] { return log.messages == writes; });
  CHECK(log.data == sent);
}

TEST_CASE("lane: the router gets its metadata with the call") {
  std::promise<std::multimap<std::string, std::string>> seen;
  FakeRouter router({.lane = [&](grpc::ServerContext& context, FakeRouter::Lane& lane) {
    std::multimap<std::string, std::string> copy;
    for (const auto& [key, value] : context.client_metadata()) {
      copy.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
    seen.set_value(std::move(copy));
    return FakeRouter::echo(context, lane);
  }});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog log(events);
  const auto token = *base::Token::parse(std::string(64, 'a'));
  log.lane = client->open_lane({.token = token,
                                .role = transport::Role::kShare,
                                .service = "web",
                                .generation = 7,
                                .share_instance = {}},
                               log);
  log.write("hello");
  auto metadata = seen.get_future().get();
  CHECK(metadata.find("mindmeld-token")->second == token.reveal());
  CHECK(metadata.find("mindmeld-role")->second == "share");
  CHECK(metadata.find("mindmeld-service")->second == "web");
  CHECK(metadata.find("mindmeld-generation")->second == "7");
  CHECK(metadata.find("user-agent")->second.starts_with("mindmeld/"));
}

TEST_CASE("lane: half_close is seen by the router, which ends the lane in order") {
  FakeRouter router({});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog log(events);
  open_lane(*client, log, "hello");
  events.run_until([&] { return log.written == 1; });
  log.lane->half_close();
  events.run_until([&] { return log.closed.has_value(); });
  CHECK(log.closed->ok());
  CHECK(log.data == "hello");
}

TEST_CASE("lane: the last frame comes with the end behind it, and nothing is said of the write") {
  FakeRouter router({});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog log(events);
  open_lane(*client, log, "hello");
  events.run_until([&] { return log.written == 1; });
  log.write_last(" and goodbye");
  events.run_until([&] { return log.closed.has_value(); });
  CHECK(log.closed->ok());
  CHECK(log.data == "hello and goodbye");
  CHECK(log.written == 1);
}

TEST_CASE("lane: what the router sent before its status arrives before on_closed") {
  FakeRouter router({.lane = [](grpc::ServerContext&, FakeRouter::Lane& lane) {
    pb::Frame frame;
    frame.set_data(std::string(1'000, 'x'));
    for (int i = 0; i < 50; ++i) lane.Write(frame);
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such token");
  }});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog log(events);
  open_lane(*client, log, "hello");
  events.run_until([&] { return log.closed.has_value(); });
  CHECK(log.messages == 50);
  CHECK(log.closed->code() == Code::kNotFound);
  CHECK(words(*log.closed) == "no such token");
}

TEST_CASE("lane: a router that does not accept it in time has lost it") {
  FakeRouter router({.lane = [](auto&, FakeRouter::Lane& lane) {
    return FakeRouter::stay_silent(lane, pb::Frame());
  }});
  EventLoop events;
  const auto client =
      open_client(events, router.url(), {}, {.answer = std::chrono::milliseconds(100)});
  LaneLog log(events);
  open_lane(*client, log, "hello");
  events.run_until([&] { return log.closed.has_value(); });
  CHECK(log.closed->code() == Code::kUnavailable);
  CHECK(words(*log.closed) == "the router at " + router.url().text() + " does not answer");
}

TEST_CASE("lane: one that is never written to is lost in the same time") {
  FakeRouter router({});
  EventLoop events;
  const auto client =
      open_client(events, router.url(), {}, {.answer = std::chrono::milliseconds(100)});
  LaneLog log(events);
  open_lane(*client, log);
  events.run_until([&] { return log.closed.has_value(); });
  CHECK(log.closed->code() == Code::kUnavailable);
}

TEST_CASE("lane: it may be half-closed before anything was written") {
  FakeRouter router({});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog log(events);
  open_lane(*client, log);
  log.lane->half_close();
  events.run_until([&] { return log.closed.has_value(); });
  CHECK(log.closed->ok());
}

TEST_CASE("lane: an accepted lane may be silent for longer than the router had to answer") {
  FakeRouter router({});
  EventLoop events;
  const auto client =
      open_client(events, router.url(), {}, {.answer = std::chrono::milliseconds(100)});
  LaneLog log(events);
  open_lane(*client, log, "hello");
  events.run_until([&] { return log.messages == 1; });
  bool later = false;
  net::Timer timer(events.loop);
  timer.after(std::chrono::milliseconds(300), [&] {
    later = true;
    events.note_event();
  });
  events.run_until([&] { return later; });
  CHECK(!log.closed);
}

TEST_CASE("lane: a router that goes away has lost it") {
  auto router = std::make_unique<FakeRouter>(FakeRouter::Behaviour{});
  EventLoop events;
  const auto client = open_client(events, router->url());
  LaneLog log(events);
  open_lane(*client, log, "hello");
  events.run_until([&] { return log.messages == 1; });
  router.reset();
  events.run_until([&] { return log.closed.has_value(); });
  CHECK(log.closed->code() == Code::kAborted);  // it said so itself
}

TEST_CASE("lane: no callback comes after its destructor, in whatever state it was") {
  FakeRouter router({});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog unwritten(events);
  open_lane(*client, unwritten);
  unwritten.lane.reset();
  LaneLog opening(events);
  open_lane(*client, opening, "hello");
  opening.lane.reset();
  LaneLog echoed(events);
  open_lane(*client, echoed, "hello");
  events.run_until([&] { return echoed.messages == 1 && echoed.written == 1; });
  echoed.write("again");
  echoed.lane.reset();
  LaneLog ending(events);
  open_lane(*client, ending, "hello");
  events.run_until([&] { return ending.written == 1; });
  ending.lane->half_close();
  ending.lane.reset();
  const size_t after = ending.messages;
  for (int i = 0; i < 20; ++i) CHECK(list_status(events, *client).ok());
  CHECK(unwritten.messages + unwritten.written + opening.messages + opening.written == 0);
  CHECK((echoed.messages == 1 && echoed.written == 1 && ending.messages == after));
  CHECK((!unwritten.closed && !opening.closed && !echoed.closed && !ending.closed));
}

TEST_CASE("lane: it may be destroyed within its own callbacks") {
  FakeRouter router({});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog on_first(events);
  on_first.then = [&] { on_first.lane.reset(); };
  open_lane(*client, on_first, "hello");
  LaneLog on_close(events);
  on_close.then = [&] {
    if (on_close.closed) on_close.lane.reset();
  };
  open_lane(*client, on_close, "hello");
  events.run_until([&] { return on_close.written == 1; });
  on_close.lane->half_close();
  events.run_until([&] { return !on_first.lane && !on_close.lane; });
  CHECK(on_first.messages + on_first.written == 1);
}

TEST_CASE("lane: at most 80 share a connection, and the next one gets another") {
  std::mutex mutex;
  std::set<std::string> peers;
  FakeRouter router({.lane = [&](grpc::ServerContext& context, FakeRouter::Lane& lane) {
    {
      const std::lock_guard lock(mutex);
      peers.insert(context.peer());
    }
    return FakeRouter::echo(context, lane);
  }});
  EventLoop events;
  const auto client = open_client(events, router.url());
  std::vector<std::unique_ptr<LaneLog>> logs;
  const auto open_to = [&](size_t count) {
    while (logs.size() < count) {
      logs.push_back(std::make_unique<LaneLog>(events));
      open_lane(*client, *logs.back(), "hello");
    }
    for (const auto& log : logs) events.run_until([&] { return log->messages == 1; });
    const std::lock_guard lock(mutex);
    return peers.size();
  };
  CHECK(open_to(80) == 1);
  CHECK(open_to(81) == 2);
  logs.erase(logs.begin(), logs.begin() + 40);
  CHECK(open_to(81) == 2);
}

TEST_CASE("lane: a changed network ends what runs as lost, and what follows is dialled anew") {
  std::mutex mutex;
  std::vector<std::string> peers;
  FakeRouter router({.create =
                         [](auto&, FakeRouter::Control& control) {
                           return FakeRouter::stay_silent(control, pb::CreateServiceRequest());
                         },
                     .lane =
                         [&](grpc::ServerContext& context, FakeRouter::Lane& lane) {
                           {
                             const std::lock_guard lock(mutex);
                             peers.push_back(context.peer());
                           }
                           return FakeRouter::echo(context, lane);
                         }});
  EventLoop events;
  const auto client = open_client(events, router.url());
  LaneLog before(events);
  open_lane(*client, before, "hello");
  RegistrationLog registration(events);
  register_web(*client, registration);
  events.run_until([&] { return before.messages == 1; });
  client->reconnect("the network changed");
  LaneLog after(events);
  open_lane(*client, after, "hello");
  events.run_until([&] { return before.closed && registration.ended && after.messages == 1; });
  for (const base::Status& status : {*before.closed, *registration.ended}) {
    CHECK(status.code() == Code::kUnavailable);
    CHECK(words(status) == "the network changed");
  }
  CHECK(!after.closed);
  REQUIRE(peers.size() == 2);
  CHECK(peers[0] != peers[1]);
}

TEST_CASE("lane: the client may be destroyed while lanes are in full flight") {
  FakeRouter router({});
  for (const int rounds : {0, 1, 5, 40}) {
    CAPTURE(rounds);
    EventLoop events;
    auto client = open_client(events, router.url());
    std::vector<std::unique_ptr<LaneLog>> logs;
    for (int i = 0; i < 20; ++i) {
      logs.push_back(std::make_unique<LaneLog>(events));
      LaneLog& log = *logs.back();
      open_lane(*client, log, std::string(100'000, 'x'));
      log.then = [&log, written = size_t{0}]() mutable {
        if (log.written == written) return;
        written = log.written;
        log.write(std::string(100'000, 'y'));
      };
    }
    for (int i = 0; i < rounds; ++i) events.loop.run();
    client.reset();
    size_t total = 0;
    for (const auto& log : logs) total += log->messages + log->written;
    if (rounds == 5) events.run_posted();  // else what is posted is dropped with the loop
    for (const auto& log : logs) total -= log->messages + log->written;
    CHECK(total == 0);
  }
}

TEST_CASE("lane: the client may be destroyed from within a callback") {
  FakeRouter router({});
  EventLoop events;
  auto client = open_client(events, router.url());
  LaneLog log(events);
  log.then = [&] { client.reset(); };
  open_lane(*client, log, "hello");
  events.run_until([&] { return !client; });
  events.run_posted();
  CHECK(log.messages + log.written == 1);
}
