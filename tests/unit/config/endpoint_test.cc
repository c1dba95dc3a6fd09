// SPDX-License-Identifier: MIT
#include "config/endpoint.h"

#include <doctest/doctest.h>

#include <string>

using namespace mm::config;
using mm::base::message;

namespace {

Endpoint standard() {
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::kStandard;
  return endpoint;
}

std::string endpoint_error(const mm::base::StatusOr<Endpoint>& parsed) {
  return parsed.ok() ? "(none)" : message(parsed.status());
}

}  // namespace

TEST_CASE("endpoint: a target is a port, a host with a port, or a unix path") {
  struct {
    const char* text;
    Endpoint meant;
  } rows[] = {
      {"1", Endpoint::tcp("", 1)},
      {"65535", Endpoint::tcp("", 65535)},
      {"localhost:3000", Endpoint::tcp("localhost", 3000)},
      {"db_1.example.com:5432", Endpoint::tcp("db_1.example.com", 5432)},
      {"127.0.0.1:22", Endpoint::tcp("127.0.0.1", 22)},
      {"[::1]:3000", Endpoint::tcp("::1", 3000)},
      {"unix:/run/a,b=c.sock", Endpoint::unix_socket("/run/a,b=c.sock")},
      {"unix:relative", Endpoint::unix_socket("relative")},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto target = parse_target(row.text);
    REQUIRE(target.ok());
    CHECK(*target == row.meant);
    CHECK(*parse_listen(row.text) == row.meant);
  }
}

TEST_CASE("endpoint: a listener may also have port 0 and be standard input and output") {
  CHECK(*parse_listen("0") == Endpoint::tcp("", 0));
  CHECK(*parse_listen("127.0.0.1:0") == Endpoint::tcp("127.0.0.1", 0));
  CHECK(*parse_listen("-") == standard());
  CHECK(!parse_target("0").ok());
  CHECK(!parse_target("-").ok());
}

TEST_CASE("endpoint: a router listens at hosts and ports alone") {
  CHECK(*parse_router_listen("7000") == Endpoint::tcp("", 7000));
  CHECK(*parse_router_listen("[::]:0") == Endpoint::tcp("::", 0));
  CHECK(endpoint_error(parse_router_listen("unix:/run/x")) ==
        "\"unix:/run/x\" is not an address for a router: write PORT or HOST:PORT");
  CHECK(endpoint_error(parse_router_listen("-")) ==
        "\"-\" is not an address for a router: write PORT or HOST:PORT");
  CHECK(endpoint_error(parse_router_listen(":7000")) ==
        "\":7000\" names no host: write 7000 for this machine alone, 0.0.0.0:7000 for everybody "
        "who can reach it");
}

TEST_CASE("endpoint: what is wrong is told with what to write") {
  const std::string forms = " is not a target: write PORT, HOST:PORT or unix:/path";
  struct {
    std::string text;
    std::string error;
  } rows[] = {
      {"", "\"\"" + forms},
      {"notaport", "\"notaport\"" + forms},
      {"host:", "\"host:\"" + forms},
      {"host:port", "\"host:port\"" + forms},
      {"ho st:1", "\"ho st:1\"" + forms},
      {"-x:1", "\"-x:1\"" + forms},
      {"unix:", "\"unix:\"" + forms},
      {"[::1]", "\"[::1]\"" + forms},
      {"[::1:3000", "\"[::1:3000\"" + forms},
      {"[nonsense]:3000", "\"[nonsense]:3000\"" + forms},
      {"a\nb:1", "\"a\\x0ab:1\"" + forms},
      {"0", "\"0\" is not a port: ports are 1 to 65535"},
      {"70000", "\"70000\" is not a port: ports are 1 to 65535"},
      {"host:70000", "\"70000\" is not a port: ports are 1 to 65535"},
      {"99999999999999999999", "\"99999999999999999999\" is not a port: ports are 1 to 65535"},
      {"::1:3000", "\"::1:3000\" is ambiguous: write [::1]:3000"},
      {"::1:\n", "\"::1:\\x0a\"" + forms},
      {std::string("::1\0\n:1", 7), "\"::1\\x00\\x0a:1\"" + forms},
      {std::string("[::1\0\n]:1", 9), "\"[::1\\x00\\x0a]:1\"" + forms},
      {":3000", "\":3000\" names no host: write 3000 for this machine alone"},
      {"http://localhost:3000",
       "\"http://localhost:3000\" is not a target: leave out \"http://\" and any path"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(endpoint_error(parse_target(row.text)) == row.error);
  }
}

TEST_CASE("endpoint: a path that the kernel does not take is told, and so is a huge text") {
  CHECK(parse_target("unix:/" + std::string(106, 'x')).ok());
  CHECK(endpoint_error(parse_target("unix:/" + std::string(107, 'x')))
            .ends_with("at most 107 bytes"));
  CHECK(!parse_target(std::string("unix:/a\0b", 9)).ok());
  for (const char c : {'x', '1', ':', '[', '\n'}) {
    CHECK(endpoint_error(parse_target(std::string(1 << 20, c))).size() < 200);
  }
}
