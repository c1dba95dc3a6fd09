// SPDX-License-Identifier: MIT
#include "config/events.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <string>

using namespace mm::config;

namespace {

// The two ends of a pipe that hold what is written to them; closed at the end.
class Pipe {
 public:
  Pipe() { REQUIRE(pipe2(fds_, O_CLOEXEC) == 0); }
  ~Pipe() {
    close_reader();
    close(fds_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return fds_[1]; }
  void close_reader() {
    if (fds_[0] >= 0) close(fds_[0]);
    fds_[0] = -1;
  }
  // What was written so far.
  std::string text() {
    fcntl(fds_[0], F_SETFL, O_NONBLOCK);
    std::string all;
    char block[4096];
    for (ssize_t count; (count = read(fds_[0], block, sizeof block)) > 0;) {
      all.append(block, static_cast<size_t>(count));
    }
    return all;
  }

 private:
  int fds_[2] = {-1, -1};
};

struct Told {
  std::string output;
  std::string errors;
};

Told told(const Common& common, const std::function<void(Events&)>& tell) {
  Pipe output, errors;
  Events events(common, output.writer(), errors.writer());
  tell(events);
  return {output.text(), errors.text()};
}

Common with_json() {
  Common common;
  common.json = true;
  return common;
}

Common with_verbosity(int verbosity) {
  Common common;
  common.verbosity = verbosity;
  return common;
}

Events::Invitation ticket(const std::string& guest) {
  return {guest, mm::base::Secret("https://relay.example.com/web#secret"), 1'798'070'400};
}

void tell_all(Events& events) {
  events.router_listening("127.0.0.1:6353", "");
  events.sharing("web", Endpoint::tcp("", 3000), std::vector{ticket("")}, false);
  events.listening("web", "127.0.0.1:8080");
  events.connection_open("1a2b3c4d", "web");
  events.connection_closed("1a2b3c4d", "web", 12, 34, "done");
  events.router_online({}, 0);
  events.router_offline("it is gone", 2);
  events.router_online(std::chrono::milliseconds(3'240), 2);
  events.error("name_taken", "taken");
  events.note("by the way");
}

}  // namespace

TEST_CASE("events: with --json each is one object a line, as the contract has it") {
  CHECK(told(with_json(), tell_all).output ==
        R"({"event":"listening","address":"127.0.0.1:6353"}
{"event":"sharing","name":"web","target":"localhost:3000",)"
        R"("ticket":"https://relay.example.com/web#secret"}
{"event":"listening","service":"web","address":"127.0.0.1:8080"}
{"event":"connection","id":"1a2b3c4d","service":"web","state":"open"}
{"event":"connection","id":"1a2b3c4d","service":"web","state":"closed",)"
        R"("up_bytes":12,"down_bytes":34,"why":"done"}
{"event":"router","state":"online","url":"http://127.0.0.1:6353"}
{"event":"router","state":"offline","url":"http://127.0.0.1:6353",)"
        R"("why":"it is gone","connections":2}
{"event":"router","state":"online","url":"http://127.0.0.1:6353","away_ms":3240,"connections":2}
{"event":"error","code":"name_taken","message":"taken"}
)");
}

TEST_CASE("events: what a router refused is told by its own code, and with what to do") {
  const auto told_of = [](mm::base::ExitCode exit_code) {
    return told(with_json(),
                [&](Events& events) {
                  events.given_up(mm::base::error(mm::base::Code::kUnavailable, "no"), exit_code);
                })
        .output;
  };
  CHECK(told_of(mm::base::ExitCode::kNotAllowed) ==
        "{\"event\":\"error\",\"code\":\"not_allowed\",\"message\":\"no\"}\n");
  CHECK(told_of(mm::base::ExitCode::kRouterUnreachable).find("start one with mindmeld router") !=
        std::string::npos);
}

TEST_CASE("events: people read lines on standard error, and standard output stays empty") {
  const Told all = told({}, tell_all);
  CHECK(all.output.empty());
  CHECK(all.errors ==
        "router listening on 127.0.0.1:6353\n"
        "sharing web -> localhost:3000, encrypted from end to end\n"
        "  on this machine run: mindmeld connect web\n"
        "listening on 127.0.0.1:8080 for web\n"
        "waiting for the router: it is gone; start one with mindmeld router, or name one with "
        "--router URL; 2 connections are held meanwhile\n"
        "the router at http://127.0.0.1:6353 is there again after 3.2 s; 2 connections go on\n"
        "mindmeld: taken\n"
        "by the way\n");
}

TEST_CASE("events: -v tells of connections, -q of nothing but errors") {
  CHECK(told(with_verbosity(1), tell_all)
            .errors.find("web: connection 1a2b3c4d is open\n"
                         "web: connection 1a2b3c4d is closed: done, 12 bytes up, 34 down\n") !=
        std::string::npos);
  CHECK(told(with_verbosity(-1), tell_all).errors == "mindmeld: taken\n");
}

TEST_CASE("events: a colleague has one line to paste, and each guest another") {
  const auto sharing = [](std::vector<Events::Invitation> all) {
    return [all](Events& events) {
      events.sharing("web", Endpoint::tcp("127.0.0.1", 3000), all, true);
    };
  };
  CHECK(told({}, sharing({ticket("")})).errors ==
        "sharing web -> 127.0.0.1:3000, encrypted from end to end\n"
        "  a colleague runs: mindmeld connect "
        "'https://relay.example.com/web#secret'   until 2026-12-24\n");
  const Told both = told(with_json(), sharing({ticket("bob"), ticket("carol")}));
  CHECK(both.errors.find("  bob runs: mindmeld connect '") != std::string::npos);
  CHECK(both.errors.find("  carol runs: mindmeld connect '") != std::string::npos);
  CHECK(both.output.find(R"(#secret","guest":"bob"})") != std::string::npos);
  CHECK(told({}, sharing({})).errors ==  // every ticket was taken back
        "sharing web -> 127.0.0.1:3000, encrypted from end to end\n");
}

TEST_CASE("events: without encryption both sides have to say so, and the router be named") {
  Common common;
  common.router = {true, "relay.example.com", 443};
  common.router_is_default = false;
  CHECK(told(common,
             [](Events& events) {
               events.sharing("web", Endpoint::tcp("127.0.0.1", 3000), {}, true);
             })
            .errors ==
        "sharing web -> 127.0.0.1:3000, not encrypted\n"
        "  a colleague runs: mindmeld connect web "
        "--router https://relay.example.com --no-e2e\n");
}

TEST_CASE("events: whose ticket opened a connection is told") {
  const auto open = [](Events& events) { events.connection_open("1a2b3c4d", "web", "bob"); };
  CHECK(told(with_json(), open).output ==
        R"({"event":"connection","id":"1a2b3c4d","service":"web","state":"open","guest":"bob"})"
        "\n");
  CHECK(told(with_verbosity(1), open).errors == "web: connection 1a2b3c4d is open, bob's\n");
}

TEST_CASE("events: a router that was lost and is back is told in words, with what waited for it") {
  Common named;
  named.router_is_default = false;
  CHECK(told(named,
             [](Events& events) {
               events.router_online({}, 0);
               events.router_offline("it is gone", 1);
               events.router_online(std::chrono::milliseconds(3'240), 2);
               events.router_online(std::chrono::milliseconds(40), 0);
             })
            .errors ==
        "waiting for the router: it is gone; 1 connection is held meanwhile\n"
        "the router at http://127.0.0.1:6353 is there again after 3.2 s; 2 connections go on\n"
        "the router at http://127.0.0.1:6353 is there again after 0.0 s\n");
}

TEST_CASE("events: an error about a router that nobody named says how to start one") {
  const auto tell = [](Events& events) { events.error("router", "cannot reach it"); };
  CHECK(told({}, tell).errors ==
        "mindmeld: cannot reach it; start one with mindmeld router, or name one with --router "
        "URL\n");
  Common named;
  named.router_is_default = false;
  CHECK(told(named, tell).errors == "mindmeld: cannot reach it\n");
}

TEST_CASE("events: text from outside cannot make a second line or move the cursor") {
  const Told all = told(with_json(), [](Events& events) {
    events.error("router", std::string("a\nb\x1b[2J\xff"));
    events.note("a\nb");
  });
  CHECK(std::count(all.output.begin(), all.output.end(), '\n') == 1);
  CHECK(std::count(all.errors.begin(), all.errors.end(), '\n') == 2);
  CHECK(all.errors.find('\x1b') == std::string::npos);
}

TEST_CASE("events: a reader that is gone, and a full disk, end nothing") {
  std::signal(SIGPIPE, SIG_IGN);  // as main does
  Pipe output, errors;
  output.close_reader();
  errors.close_reader();
  Events gone(with_json(), output.writer(), errors.writer());
  tell_all(gone);

  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  Events disk(with_json(), full, full);
  tell_all(disk);
  close(full);

  Events closed(with_json(), -1, -1);
  tell_all(closed);
}

TEST_CASE("events: a reader that stands still holds the command up once, and loses whole lines") {
  Pipe output, errors;
  Events events(with_json(), output.writer(), errors.writer());
  for (int i = 0; i < 5'000; ++i) events.listening("web", "127.0.0.1:8080");
  const std::string text = output.text();
  CHECK(text.size() > 4'096);
  CHECK(text.ends_with("}\n"));
  events.listening("web", "127.0.0.1:8081");
  CHECK(output.text().find("8081") != std::string::npos);
}
