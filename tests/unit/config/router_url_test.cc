// SPDX-License-Identifier: MIT
#include "config/router_url.h"

#include <doctest/doctest.h>

#include <string>

#include "base/text.h"

using namespace mm::config;

TEST_CASE("router_url: a scheme decides on TLS and the port, and without one loopback does") {
  struct {
    const char* text;
    RouterUrl url;
    const char* shown;
  } rows[] = {
      {"http://127.0.0.1:6353", {false, "127.0.0.1", 6353}, "http://127.0.0.1:6353"},
      {"http://relay", {false, "relay", 80}, "http://relay"},
      {"https://relay.example.com", {true, "relay.example.com", 443}, "https://relay.example.com"},
      {"https://relay.example.com/", {true, "relay.example.com", 443}, "https://relay.example.com"},
      {"HTTPS://Relay.Example.COM:1",
       {true, "relay.example.com", 1},
       "https://relay.example.com:1"},
      {"relay.example.com", {true, "relay.example.com", 6353}, "https://relay.example.com:6353"},
      {"relay.example.com:443", {true, "relay.example.com", 443}, "https://relay.example.com"},
      {"localhost", {false, "localhost", 6353}, "http://localhost:6353"},
      {"127.1.2.3:7000", {false, "127.1.2.3", 7000}, "http://127.1.2.3:7000"},
      {"[::1]:7000", {false, "::1", 7000}, "http://[::1]:7000"},
      {"https://[2001:db8::1]", {true, "2001:db8::1", 443}, "https://[2001:db8::1]"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto url = parse_router_url(row.text);
    REQUIRE(url.ok());
    CHECK(*url == row.url);
    CHECK(url->text() == row.shown);
    CHECK(*parse_router_url(url->text()) == row.url);
  }
}

TEST_CASE("router_url: the default is what an empty struct says") {
  CHECK(*parse_router_url("http://127.0.0.1:6353") == RouterUrl());
  CHECK(RouterUrl().authority() == "127.0.0.1:6353");
  CHECK(RouterUrl{true, "::1", 443}.authority() == "[::1]:443");
}

TEST_CASE("router_url: what is wrong is told with what to write") {
  const std::string forms = " is not a router: write http://HOST:PORT, https://HOST or HOST:PORT";
  struct {
    std::string text;
    std::string error;
  } rows[] = {
      {"", "\"\"" + forms},
      {"http://", "\"http://\"" + forms},
      {"https://:443", "\"https://:443\"" + forms},
      {"two words", "\"two words\"" + forms},
      {"ftp://127.0.0.1", "\"ftp://\" is not for routers: write http:// or https://"},
      {"http://a:99999", "\"99999\" is not a port: ports are 1 to 65535"},
      {"http://a:0", "\"0\" is not a port: ports are 1 to 65535"},
      {"http://a:", "\"\" is not a port: ports are 1 to 65535"},
      {"http://a:1/path", "a router's URL has no path: write http://a:1"},
      {"http://a:1?q", "a router's URL has no query: write http://a:1"},
      {"https://a/web#secret", "a router's URL has no path: write https://a"},
      {"https://a#pin",
       "what follows the # of \"https://a\" is no pin: paste the URL that the router printed, in "
       "quotes"},
      {"http://a#AAECAwQFBgcICQoLDA0ODw",
       "what follows the # of \"http://a\" is no pin: paste the URL that the router printed, in "
       "quotes"},
      {"https://ann:hunter2@a",
       "a router's URL has no user or password: leave out everything up to the @"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto url = parse_router_url(row.text);
    REQUIRE(!url.ok());
    CHECK(mm::base::message(url.status()) == row.error);
  }
}

TEST_CASE("router_url: an error shows no piece of a secret, in whichever part of the URL it is") {
  const std::string secret = "MDEyMzQ1Njc4OWFiY2RlZgABAgMEBQYHCAkKCwwNDg8";
  for (const std::string& text :
       {secret + "://a", secret + "/path",
        "https://a.host.with.a.long.name.example.com.." + secret + "/path"}) {
    CAPTURE(text);
    const auto url = parse_router_url(text);
    REQUIRE(!url.ok());
    const std::string shown = mm::base::without_secrets(mm::base::message(url.status()));
    CHECK(shown.find(secret.substr(0, 4)) == std::string::npos);
    CHECK(shown.find("mdey") == std::string::npos);  // as a scheme is compared
  }
}

TEST_CASE("router_url: a huge text gives one short line") {
  for (const std::string prefix : {"", "http://", "https://a/", "x://", "a@"}) {
    CAPTURE(prefix);
    const auto url = parse_router_url(prefix + std::string(1 << 20, 'x'));
    REQUIRE(!url.ok());
    CHECK(mm::base::message(url.status()).size() < 200);
  }
}

TEST_CASE("router url: a pin may follow, which belongs to how to get there and not to its name") {
  const std::string digits = "AAECAwQFBgcICQoLDA0ODw";
  for (const std::string& text : {"https://a:6353#" + digits, "a#" + digits, "a/#" + digits}) {
    CAPTURE(text);
    const auto url = parse_router_url(text);
    REQUIRE(url.ok());
    REQUIRE(url->pin);
    CHECK((*url->pin)[15] == 15);
    CHECK(url->text() == "https://a:6353");
    CHECK(url->pinned_text() == "https://a:6353#" + digits);
    CHECK(parse_router_url(url->pinned_text())->pin == url->pin);
    CHECK(*url != *parse_router_url("https://a:6353"));
  }
  for (const std::string& wrong :
       {"https://a#" + digits + "A", "https://a#" + digits.substr(1), std::string("https://a#"),
        "https://a##" + digits, "127.0.0.1#" + digits}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_router_url(wrong).ok());
  }
}
