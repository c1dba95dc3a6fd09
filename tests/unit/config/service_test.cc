// SPDX-License-Identifier: MIT
#include "config/service.h"

#include <doctest/doctest.h>

#include <string>

using namespace mm::config;
using mm::base::message;

namespace {

std::string shared_error(const std::string& argument) {
  const auto service = parse_shared(argument, "ann");
  return service.ok() ? "(none)" : message(service.status());
}

std::string connected_error(const std::string& argument) {
  const auto service = parse_connected(argument);
  return service.ok() ? "(none)" : message(service.status());
}

std::string made_up(const std::string& target, const std::string& user) {
  const auto service = parse_shared(target, user);
  REQUIRE(service.ok());
  CHECK(service->name_is_made_up);
  CHECK(check_name(service->name).ok());
  return service->name;
}

}  // namespace

TEST_CASE("service: a name has 1 to 63 letters, digits, dots, dashes and underscores") {
  for (const std::string& name :
       {std::string("a"), std::string("0"), std::string("web.v2_x-1"), std::string(63, 'a')}) {
    CAPTURE(name);
    CHECK(check_name(name).ok());
  }
  for (const std::string& name :
       {std::string(), std::string("Web"), std::string("-web"), std::string(".web"),
        std::string("_web"), std::string("a/b"), std::string("a\nb"), std::string("a b"),
        std::string("ü"), std::string("a\0b", 3), std::string(64, 'a'),
        std::string(1 << 20, 'a')}) {
    CAPTURE(name.substr(0, 80));
    CHECK(!check_name(name).ok());
    CHECK(message(check_name(name)).size() < 220);
    CHECK(message(check_name(name)).find('\n') == std::string::npos);
  }
}

TEST_CASE("service: share takes a name and a target") {
  const auto service = parse_shared("web=localhost:3000", "ann");
  REQUIRE(service.ok());
  CHECK(service->name == "web");
  CHECK(!service->name_is_made_up);
  CHECK(service->target == Endpoint::tcp("localhost", 3000));
  CHECK(parse_shared("db=unix:/tmp/a=b", "ann")->target == Endpoint::unix_socket("/tmp/a=b"));
}

TEST_CASE("service: a name that was not given is made up of the user's and the target's") {
  CHECK(made_up("3000", "ann") == "ann-3000");
  CHECK(made_up("db.example.com:5432", "ann") == "ann-5432");
  CHECK(made_up("3000", "Ann.Müller") == "ann.m--ller-3000");
  CHECK(made_up("3000", "_www") == "www-3000");
  CHECK(made_up("3000", "") == "me-3000");
  CHECK(made_up("3000", "---") == "me-3000");
  CHECK(made_up("unix:/run/My App.sock", "ann") == "ann-my-app.sock");
  CHECK(made_up("unix:/tmp/a=b", "ann") == "ann-a-b");
  CHECK(made_up("3000", std::string(200, 'x')) == std::string(58, 'x') + "-3000");
  CHECK(made_up("unix:/" + std::string(100, 'y'), std::string(200, 'x')) ==
        std::string(22, 'x') + "-" + std::string(40, 'y'));
}

TEST_CASE("service: share says what is wrong with its argument") {
  struct {
    std::string argument;
    std::string error;
  } rows[] = {
      {"web", "\"web\" is not a target: did you mean web=3000?"},
      {"70000", "\"70000\" is not a port: ports are 1 to 65535"},
      {"web=", "\"web=\" has no target: write web=3000"},
      {"web=x", "web: \"x\" is not a target: write PORT, HOST:PORT or unix:/path"},
      {"web=-", "web: \"-\" is not a target: write PORT, HOST:PORT or unix:/path"},
      {"=3000",
       "\"\" cannot be a service's name: use a-z, 0-9, '.', '_' and '-', at most 63, beginning "
       "with a letter or digit"},
      {"http://localhost:3000",
       "\"http://localhost:3000\" is not a target: leave out \"http://\" and any path"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.argument);
    CHECK(shared_error(row.argument) == row.error);
  }
}

TEST_CASE("service: connect takes a name, and a place to listen at if it likes") {
  const auto bare = parse_connected("web");
  REQUIRE(bare.ok());
  CHECK(bare->name == "web");
  CHECK(!bare->listen);
  CHECK(parse_connected("web=8080")->listen == Endpoint::tcp("", 8080));
  CHECK(parse_connected("web=0")->listen == Endpoint::tcp("", 0));
  CHECK(parse_connected("web=-")->listen->kind == Endpoint::Kind::kStandard);
  CHECK(parse_connected("web=unix:/tmp/a=b")->listen == Endpoint::unix_socket("/tmp/a=b"));
}

TEST_CASE("service: connect says what is wrong with its argument, and shows no ticket's secret") {
  CHECK(connected_error("web=") ==
        "\"web=\" has no address: write web=8080, or web for the service's own port number");
  CHECK(connected_error("web=70000") == "web: \"70000\" is not a port: ports are 0 to 65535");
  CHECK(connected_error("web:8080") == "\"web:8080\" is not a service: did you mean web=8080?");
  CHECK(connected_error("Web").starts_with("\"Web\" cannot be a service's name"));
  const std::string error = connected_error("https://relay.example.com/web#c2VjcmV0");
  CHECK(error.starts_with("the ticket is not whole"));
  CHECK(error.find("c2Vj") == std::string::npos);
}
