// SPDX-License-Identifier: MIT
#include "router/registry.h"

#include <doctest/doctest.h>

using namespace mm;
using router::Offer;
using router::Registry;

namespace {

struct Share final : router::ShareStream {
  bool is_superseded = false;

  void forward(const std::string&, const base::Token&, uint64_t) override {}
  void superseded() override { is_superseded = true; }
  void draining() override {}
  void end(const base::Status&) override {}
};

Offer offer(const std::string& name, const std::string& proof = "") {
  return {.name = name, .kind = "tcp", .port_hint = 0, .owner_proof = proof, .label = "ann@laptop"};
}

}  // namespace

TEST_CASE("registry: a name lives as long as its share") {
  const router::Limits limits;
  Registry registry(limits);
  Share share;
  CHECK(registry.find("web") == nullptr);
  CHECK(registry.add(offer("web"), share, 100).ok());
  REQUIRE(registry.find("web") != nullptr);
  CHECK(registry.find("web")->create_time_s == 100);
  CHECK(registry.remove(share) == "web");
  CHECK(registry.find("web") == nullptr);
  CHECK(registry.remove(share) == std::nullopt);
}

TEST_CASE("registry: another owner does not get a name that is taken") {
  const router::Limits limits;
  Registry registry(limits);
  Share ann, bob;
  CHECK(registry.add(offer("web", "ann"), ann, 1).ok());
  const base::Status status = registry.add(offer("web", "bob"), bob, 2);
  CHECK(status.code() == base::Code::kAlreadyExists);
  CHECK(base::message(status) == "the name \"web\" is taken by another share");
  CHECK(!ann.is_superseded);
  CHECK(registry.remove(bob) == std::nullopt);
  CHECK(registry.find("web")->share == &ann);
}

TEST_CASE("registry: two shares without a proof are two owners") {
  const router::Limits limits;
  Registry registry(limits);
  Share first, second;
  CHECK(registry.add(offer("web"), first, 1).ok());
  CHECK(registry.add(offer("web"), second, 2).code() == base::Code::kAlreadyExists);
}

TEST_CASE("registry: the same owner's newest share wins, and its ghost takes nothing with it") {
  const router::Limits limits;
  Registry registry(limits);
  Share ghost, share;
  CHECK(registry.add(offer("web", "ann"), ghost, 1).ok());
  const auto traffic = registry.find("web")->traffic;
  CHECK(registry.add(offer("web", "ann"), share, 2).ok());
  CHECK(ghost.is_superseded);
  CHECK(registry.find("web")->share == &share);
  CHECK(registry.find("web")->traffic == traffic);
  CHECK(registry.find("web")->create_time_s == 1);  // the service goes on
  CHECK(registry.remove(ghost) == std::nullopt);
  CHECK(registry.find("web")->share == &share);
}

TEST_CASE("registry: services are listed in the order of their creation") {
  const router::Limits limits;
  Registry registry(limits);
  Share shares[3];
  CHECK(registry.add(offer("web"), shares[0], 5).ok());
  CHECK(registry.add(offer("db"), shares[1], 5).ok());
  CHECK(registry.add(offer("api"), shares[2], 5).ok());
  std::vector<std::string> names;
  for (const router::Service* service : registry.oldest_first()) names.push_back(service->name);
  CHECK(names == std::vector<std::string>{"web", "db", "api"});
}

TEST_CASE("registry: a bad name is refused, a bad label is made printable") {
  const router::Limits limits;
  Registry registry(limits);
  Share share;
  CHECK(registry.add(offer("Web!"), share, 1).code() == base::Code::kInvalidArgument);
  Offer with_label = offer("web");
  with_label.label = "ann\x1b[2J" + std::string(1000, 'x');
  CHECK(registry.add(with_label, share, 1).ok());
  CHECK(registry.find("web")->label.size() == 128);
  CHECK(registry.find("web")->label.starts_with("ann\\x1b[2Jxxx"));
}

TEST_CASE("registry: there is an end to the number of services") {
  router::Limits limits;
  limits.services = 1;
  Registry registry(limits);
  Share first, second;
  CHECK(registry.add(offer("web", "ann"), first, 1).ok());
  CHECK(registry.add(offer("db", "ann"), second, 1).code() == base::Code::kResourceExhausted);
  CHECK(registry.add(offer("web", "ann"), second, 1).ok());
}
