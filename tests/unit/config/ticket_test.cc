// SPDX-License-Identifier: MIT
#include "config/ticket.h"

#include <doctest/doctest.h>

#include "config/service.h"

using namespace mm;
using config::parse_ticket;
using config::ticket_text;

namespace {

constexpr std::string_view kText =
    "https://relay.example.com/web#MDEyMzQ1Njc4OWFiY2RlZgABAgMEBQYHCAkKCwwNDg8";
constexpr std::string_view kFragment = "MDEyMzQ1Njc4OWFiY2RlZgABAgMEBQYHCAkKCwwNDg8";

std::string ticket_error(const std::string& text) {
  return base::message(parse_ticket(text).status());
}

}  // namespace

TEST_CASE("ticket: it names the router, the service, its secret and the share's key") {
  const auto ticket = parse_ticket(kText);
  REQUIRE(ticket.ok());
  CHECK(ticket->router == config::RouterUrl{true, "relay.example.com", 443});
  CHECK(ticket->service == "web");
  CHECK(ticket->secret.reveal() == "0123456789abcdef");
  CHECK(ticket->share_key[15] == 15);
  CHECK(ticket_text(*ticket).reveal() == kText);
}

TEST_CASE("ticket: one that is not whole says so, and shows nothing of its secret") {
  const std::string text(kText);
  for (const std::string& wrong :
       {text.substr(0, text.size() - 1), text + "A", text.substr(0, text.find('#')),
        text.substr(0, text.find('#') + 1), text + "=", text.substr(0, text.size() - 1) + "9",
        "https://relay.example.com#" + std::string(kFragment),
        "https://relay.example.com/WEB#" + std::string(kFragment),
        "https://relay.example.com/a/b#" + std::string(kFragment),
        "ftp://relay.example.com/web#" + std::string(kFragment),
        "https:///web#" + std::string(kFragment), "https://relay.example.com:0/web#" + text}) {
    CAPTURE(wrong);
    CHECK(!parse_ticket(wrong).ok());
    CHECK(ticket_error(wrong).find("MDEy") == std::string::npos);
    CHECK(base::message(config::parse_connected(wrong).status()).find("MDEy") == std::string::npos);
  }
}

TEST_CASE("ticket: as an argument of connect it may say where to listen") {
  const auto service = config::parse_connected(std::string(kText) + "=8080");
  REQUIRE(service.ok());
  CHECK(service->name == "web");
  CHECK(service->listen == config::Endpoint::tcp("", 8080));
  CHECK(ticket_text(*service->ticket).reveal() == kText);
  CHECK(!config::parse_connected(kText)->listen);
  CHECK(config::parse_connected(std::string(kText) + "=-")->listen->kind ==
        config::Endpoint::Kind::kStandard);
  const std::string error =
      base::message(config::parse_connected(std::string(kText) + "=70000").status());
  CHECK(error == "web: \"70000\" is not a port: ports are 0 to 65535");
}

TEST_CASE("ticket: it names the public URL where the share reaches the router by a private one") {
  const config::RouterUrl here{false, "127.0.0.1", 6353}, there{true, "relay.example.com", 443};
  CHECK(config::router_for_tickets(here, "https://relay.example.com") == there);
  CHECK(config::router_for_tickets(here, "") == here);
  CHECK(config::router_for_tickets(here, "what is no URL") == here);
  CHECK(config::router_for_tickets(there, "https://other.example.com") == there);
}

TEST_CASE("ticket: it carries the pin of a router that nobody else vouches for") {
  const std::string text = std::string(kText) + ".AAECAwQFBgcICQoLDA0ODw";
  const auto ticket = parse_ticket(text);
  REQUIRE(ticket.ok());
  REQUIRE(ticket->router.pin);
  CHECK((*ticket->router.pin)[15] == 15);
  CHECK(ticket->secret.reveal() == "0123456789abcdef");
  CHECK(ticket_text(*ticket).reveal() == text);
  CHECK(config::parse_connected(text + "=8080")->listen == config::Endpoint::tcp("", 8080));
  for (const std::string& wrong :
       {std::string(kText) + ".", text + "A", text.substr(0, text.size() - 1), text + ".A",
        "http" + text.substr(5)}) {
    CAPTURE(wrong);
    CHECK(!parse_ticket(wrong).ok());
    CHECK(ticket_error(wrong).find("MDEy") == std::string::npos);
  }
}
