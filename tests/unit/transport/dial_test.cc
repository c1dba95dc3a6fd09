// SPDX-License-Identifier: MIT
// What a person is told when what is dialled is not a router, or not this way. These hold the table
// of transport/status.cc against the texts of the gRPC that is linked.
#include <doctest/doctest.h>

#include <ctime>

#include "client_fixture.h"
#include "fake_router.h"
#include "raw_server.h"

using namespace mm;
using namespace mm::test;

namespace {

base::Status dial(const config::RouterUrl& url, const std::string& ca_file = {},
                  transport::CallTiming timing = {}) {
  EventLoop events;
  const auto client = open_client(events, url, ca_file, timing);
  return list_status(events, *client);
}

config::RouterUrl by_tls(config::RouterUrl url) {
  url.tls = true;
  return url;
}

config::RouterUrl by_plaintext(config::RouterUrl url) {
  url.tls = false;
  return url;
}

std::string not_a_router(const config::RouterUrl& url) {
  return "what answers at " + url.text() + " is not a mindmeld router: is the address right?";
}

// A port that nobody listens at.
config::RouterUrl nobody() {
  return RawServer([](int) {}).url();
}

}  // namespace

TEST_CASE("dial: a router that is there answers, by every way to write its host") {
  FakeRouter router({});
  config::RouterUrl url = router.url();
  CHECK(dial(url).ok());
  url.host = "localhost";
  CHECK(dial(url).ok());
}

TEST_CASE("dial: a port where nobody listens is no router there: Connection refused") {
  const config::RouterUrl url = nobody();
  const base::Status status = dial(url);
  CHECK(status.code() == Code::kUnavailable);
  CHECK(words(status) == "no router at " + url.text() + ": Connection refused");
}

TEST_CASE("dial: what speaks HTTP/1.1 alone is named") {
  const RawServer server([&](int connection) {
    answer_once(connection, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  const base::Status status = dial(server.url());
  CHECK(status.code() == Code::kFailedPrecondition);
  CHECK(words(status) == "what answers at " + server.url().text() +
                             " speaks no HTTP/2: it is no mindmeld router, or behind something " +
                             "that knows HTTP/1.1 alone");
}

TEST_CASE("dial: what speaks SSH or another gRPC is not a mindmeld router") {
  const RawServer server(
      [&](int connection) { answer_once(connection, "SSH-2.0-OpenSSH_9.2\r\n"); });
  const base::Status status = dial(server.url());
  CHECK(status.code() == Code::kFailedPrecondition);
  CHECK(words(status) == not_a_router(server.url()));
  FakeRouter router({.list = [](auto*) {
    return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown service");
  }});
  CHECK(words(dial(router.url())) == not_a_router(router.url()));
}

TEST_CASE("dial: what takes the connection and says nothing does not answer") {
  const RawServer server([](int connection) { answer_once(connection, ""); });
  const base::Status status = dial(server.url(), {}, {.answer = std::chrono::milliseconds(200)});
  CHECK(status.code() == Code::kUnavailable);
  CHECK(words(status) == "the router at " + server.url().text() + " does not answer");
}

TEST_CASE("dial: what closes every connection at once is no router, but may become one") {
  const RawServer server([](int) {});
  const base::Status status = dial(server.url());
  CHECK(status.code() == Code::kUnavailable);
  CHECK(words(status) ==
        "no router at " + server.url().text() + ": the connection was closed at once");
}

TEST_CASE("dial: an HTTP status of what stands before the router") {
  struct Row {
    std::string status;
    Code code;
  };
  for (const Row& row :
       {Row{"502", Code::kUnavailable}, Row{"503", Code::kUnavailable},
        Row{"504", Code::kUnavailable}, Row{"429", Code::kUnavailable},
        Row{"403", Code::kPermissionDenied}, Row{"404", Code::kFailedPrecondition}}) {
    CAPTURE(row.status);
    const RawServer server([&](int connection) { answer_http2(connection, row.status); });
    const base::Status status = dial(server.url());
    CHECK(status.code() == row.code);
    const std::string answers = server.url().text() + " answers HTTP " + row.status;
    const bool wants_identity = row.code == Code::kPermissionDenied;
    const std::string refused =
        answers + ": what is in front of the router does not know you; see --identity-command";
    CHECK(words(status) == (row.status == "404" ? not_a_router(server.url())
                            : wants_identity    ? refused
                                                : answers));
  }
}

TEST_CASE("dial: a lane is told the same as a call") {
  const RawServer server([](int connection) { answer_http2(connection, "502"); });
  EventLoop events;
  const auto client = open_client(events, server.url());
  LaneLog log(events);
  open_lane(*client, log, "hello");
  events.run_until([&] { return log.closed.has_value(); });
  CHECK(log.closed->code() == Code::kUnavailable);
  CHECK(words(*log.closed) == server.url().text() + " answers HTTP 502");
}

TEST_CASE("dial: TLS with the router's own authority works") {
  const Identity authority = make_authority("test");
  const Identity identity = make_identity(authority, "IP:127.0.0.1");
  FakeRouter router({}, &identity);
  const TemporaryFile ca(authority.certificate);
  CHECK(dial(router.url(), ca.path()).ok());
}

TEST_CASE("dial: a certificate that is not trusted, or not for this host, is said to be that") {
  const Identity authority = make_authority("test");
  const Identity identity = make_identity(authority, "IP:127.0.0.1");
  const Identity elsewhere = make_identity(authority, "DNS:example.org");
  const TemporaryFile ca(authority.certificate);
  const TemporaryFile other_ca(make_authority("other").certificate);
  {
    FakeRouter router({}, &identity);
    const base::Status status = dial(router.url(), other_ca.path());
    CHECK(status.code() == Code::kFailedPrecondition);
    CHECK(words(status) ==
          "the certificate of " + router.url().text() +
              " is of an authority that is not known here: name its CA with --ca FILE");
  }
  FakeRouter router({}, &elsewhere);
  const base::Status status = dial(router.url(), ca.path());
  CHECK(status.code() == Code::kFailedPrecondition);
  CHECK(words(status) ==
        "the certificate of " + router.url().text() +
            " is for another name than 127.0.0.1: name the router as its certificate does");
}

TEST_CASE("dial: what is wrong with a certificate is named") {
  const Identity authority = make_authority("test");
  const TemporaryFile ca(authority.certificate);
  const auto why_not = [&](const Identity& identity) {
    FakeRouter router({}, &identity);
    const base::Status status = dial(router.url(), ca.path());
    CHECK(status.code() == Code::kFailedPrecondition);
    const std::string begin = "the certificate of " + router.url().text();
    CHECK(words(status).starts_with(begin));
    return words(status).substr(begin.size());
  };
  const auto day = [](long offset_s) {
    const std::time_t time = std::time(nullptr) + offset_s;
    char text[16];
    return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&time)));
  };
  constexpr long kDayS = 86'400;
  CHECK(why_not(make_identity(authority, "IP:127.0.0.1", {-9 * kDayS, -3 * kDayS})) ==
        " has expired (on " + day(-3 * kDayS) +
            "): it has to be renewed; or is this machine's clock wrong?");
  CHECK(why_not(make_identity(authority, "IP:127.0.0.1", {3 * kDayS, 9 * kDayS})) ==
        " is not valid yet (on " + day(3 * kDayS) + "): is this machine's clock right?");
  CHECK(why_not(make_authority("its own")) ==
        " is its own authority: name the router by the URL that it prints, with a # and its pin, "
        "or that certificate with --ca FILE");
}

TEST_CASE("dial: plaintext to a TLS port, and TLS to a plaintext port, name the other scheme") {
  const Identity authority = make_authority("test");
  const Identity identity = make_identity(authority, "IP:127.0.0.1");
  const TemporaryFile ca(authority.certificate);
  {
    FakeRouter router({}, &identity);
    const config::RouterUrl url = by_plaintext(router.url());
    const base::Status status = dial(url);
    CHECK(status.code() == Code::kFailedPrecondition);
    CHECK(words(status) ==
          "what answers at " + url.text() + " speaks TLS; try " + router.url().text());
  }
  FakeRouter router({});
  const config::RouterUrl url = by_tls(router.url());
  const base::Status status = dial(url, ca.path());
  CHECK(status.code() == Code::kFailedPrecondition);
  CHECK(words(status) ==
        "what answers at " + url.text() + " does not speak TLS; try " + router.url().text());
}

// Else each of many ends that a router's restart cuts off would ask.
TEST_CASE("dial: what a router speaks that has answered before is not asked again") {
  EventLoop events;
  auto first = std::make_unique<FakeRouter>(FakeRouter::Behaviour{});
  const config::RouterUrl url = first->url();
  const auto client = open_client(events, url);
  CHECK(list_status(events, *client).ok());
  first.reset();
  const Identity authority = make_authority("test");
  const Identity identity = make_identity(authority, "IP:127.0.0.1");
  const FakeRouter second({}, &identity, url.port);
  CHECK(dial(url).code() == Code::kFailedPrecondition);
  CHECK(list_status(events, *client).code() == Code::kUnavailable);
}

TEST_CASE("dial: a CA file that is absent or holds no certificate is refused before any call") {
  const TemporaryFile no_pem("not a certificate\n");
  const config::RouterUrl url = by_tls({});
  EventLoop events;
  const auto absent =
      RouterClient::open(events.loop, events.queue, {url, "/nonexistent/ca.pem", {}});
  CHECK(absent.status().code() == Code::kInvalidArgument);
  CHECK(words(absent.status()) ==
        "cannot read the CA file /nonexistent/ca.pem: No such file or directory");
  const auto empty = RouterClient::open(events.loop, events.queue, {url, no_pem.path(), {}});
  CHECK(empty.status().code() == Code::kInvalidArgument);
  CHECK(words(empty.status()) ==
        "the CA file " + no_pem.path() +
            " holds no certificate: one begins with -----BEGIN CERTIFICATE-----");
}

TEST_CASE("dial: the first call after the router came back reaches it") {
  EventLoop events;
  auto first = std::make_unique<FakeRouter>(FakeRouter::Behaviour{});
  const config::RouterUrl url = first->url();
  const auto client = open_client(events, url);
  CHECK(list_status(events, *client).ok());
  first.reset();
  CHECK(list_status(events, *client).code() == Code::kUnavailable);
  CHECK(list_status(events, *client).code() == Code::kUnavailable);
  const FakeRouter second({}, nullptr, url.port);
  CHECK(list_status(events, *client).ok());
}
