// SPDX-License-Identifier: MIT
// Ends that a test cannot bring about over loopback: gRPC 1.51.1's texts, copied from real ones.
#include "transport/status.h"

#include <doctest/doctest.h>

#include <string>

using namespace mm;
using base::Code;
using transport::CallEnd;

namespace {

config::RouterUrl example() { return {.tls = false, .host = "relay.example.com", .port = 8080}; }

struct Row {
  const char* name;
  grpc::StatusCode code;
  const char* text;
  Code expected;
  const char* words;
};

constexpr Row kRows[] = {
    {"no such name", grpc::UNAVAILABLE,
     "DNS resolution failed for relay.example.com:8080: C-ares status is not ARES_SUCCESS "
     "qtype=AAAA "
     "name=relay.example.com is_balancer=0: Domain name not found",
     Code::kUnavailable,
     "no router at http://relay.example.com:8080: the name relay.example.com does not resolve"},
    {"no route", grpc::UNAVAILABLE,
     "failed to connect to all addresses; last error: UNKNOWN: ipv4:192.0.2.1:8080: Failed to "
     "connect "
     "to remote host: No route to host",
     Code::kUnavailable, "no router at http://relay.example.com:8080: No route to host"},
    {"SYN unanswered", grpc::UNAVAILABLE,
     "failed to connect to all addresses; last error: UNKNOWN: ipv4:192.0.2.1:8080: tcp handshaker "
     "shutdown",
     Code::kUnavailable, "the router at http://relay.example.com:8080 does not answer"},
    {"no SETTINGS", grpc::UNAVAILABLE,
     "failed to connect to all addresses; last error: UNKNOWN: ipv4:192.0.2.1:8080: connection "
     "attempt timed out before receiving SETTINGS frame",
     Code::kUnavailable, "the router at http://relay.example.com:8080 does not answer"},
    {"no descriptors", grpc::UNAVAILABLE,
     "failed to connect to all addresses; last error: UNKNOWN: ipv4:192.0.2.1:8080: Too many open "
     "files",
     Code::kUnavailable,
     "cannot dial http://relay.example.com:8080: Too many open files on this machine"},
    {"a text nobody has seen", grpc::UNAVAILABLE,
     "failed to connect to all addresses; last error: something new", Code::kUnavailable,
     "no router at http://relay.example.com:8080"},
    {"a stream that was reset", grpc::INTERNAL, "Received RST_STREAM with error code 2",
     Code::kUnavailable, "the connection to the router at http://relay.example.com:8080 was lost"},
};

}  // namespace

TEST_CASE("status: a call whose time is over was not answered, whosever words gRPC takes it for") {
  for (const bool from_router : {false, true}) {
    const CallEnd end{grpc::DEADLINE_EXCEEDED, "Deadline Exceeded", from_router};
    const base::Status status = transport::translate(end, example());
    CHECK(status.code() == Code::kUnavailable);
    CHECK(base::message(status) == "the router at http://relay.example.com:8080 does not answer");
  }
}

TEST_CASE("status: gRPC's own texts become ours, and are never shown") {
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    const base::Status status = transport::translate(CallEnd{row.code, row.text, false}, example());
    CHECK(status.code() == row.expected);
    CHECK(base::message(status) == row.words);
  }
}

TEST_CASE("status: the router's INTERNAL is worth another try, and tells what it said") {
  const base::Status status =
      transport::translate(CallEnd{grpc::INTERNAL, "out of order", true}, example());
  CHECK(status.code() == Code::kUnavailable);
  CHECK(base::message(status) ==
        "the router at http://relay.example.com:8080 ended the call: out of order");
}

TEST_CASE("status: OK is OK") { CHECK(transport::translate(CallEnd{}, example()).ok()); }
