// SPDX-License-Identifier: MIT
#include "router/registry.h"

#include <doctest/doctest.h>

using namespace mm;
using router::Offer;
using router::Registry;

namespace {

struct RegisteredShare final : router::ShareStream {
  bool is_superseded = false;
  bool is_ended = false;

  void forward(const std::string&, const base::Token&, uint64_t) override {}
  void superseded() override { is_superseded = true; }
  void draining() override {}
  void move(const base::Token&) override {}
  void end(const base::Status&) override { is_ended = true; }
  const router::Caller& caller() const override { return who; }
  bool opens_to(const secure::Digest& proof) const override { return proof == ticket; }

  router::Caller who;
  secure::Digest ticket{};
};

Offer offer(const std::string& name, const std::string& proof = "") {
  return {.name = name,
          .kind = "tcp",
          .port_hint = 0,
          .owner_proof = proof,
          .label = "ann@laptop",
          .instance = {}};
}

}  // namespace

TEST_CASE("registry: a name lives as long as its share") {
  const router::Limits limits;
  Registry registry(limits);
  RegisteredShare share;
  CHECK(registry.find("web") == nullptr);
  CHECK(registry.add(offer("web"), share, 100).ok());
  REQUIRE(registry.find("web") != nullptr);
  CHECK(registry.find("web")->create_time_s == 100);
  CHECK(registry.remove(share, {}) == "web");
  CHECK(registry.find("web") == nullptr);
  CHECK(registry.remove(share, {}) == std::nullopt);
}

TEST_CASE("registry: another owner does not get a name that is taken") {
  const router::Limits limits;
  Registry registry(limits);
  RegisteredShare ann, bob;
  CHECK(registry.add(offer("web", "ann"), ann, 1).ok());
  const base::Status status = registry.add(offer("web", "bob"), bob, 2).status();
  CHECK(status.code() == base::Code::kAlreadyExists);
  CHECK(base::message(status) == "the name \"web\" is taken by another share: choose another");
  CHECK(!ann.is_superseded);
  CHECK(registry.remove(bob, {}) == std::nullopt);
  CHECK(registry.find("web")->share == &ann);
}

TEST_CASE("registry: two shares without a proof are two owners") {
  const router::Limits limits;
  Registry registry(limits);
  RegisteredShare first, second;
  CHECK(registry.add(offer("web"), first, 1).ok());
  CHECK(registry.add(offer("web"), second, 2).status().code() == base::Code::kAlreadyExists);
}

TEST_CASE("registry: the same owner's newest share wins, and its ghost takes nothing with it") {
  const router::Limits limits;
  Registry registry(limits);
  RegisteredShare ghost, share;
  CHECK(registry.add(offer("web", "ann"), ghost, 1).ok());
  const auto traffic = registry.find("web")->traffic;
  CHECK(registry.add(offer("web", "ann"), share, 2).ok());
  CHECK(ghost.is_superseded);
  CHECK(registry.find("web")->share == &share);
  CHECK(registry.find("web")->traffic == traffic);
  CHECK(registry.find("web")->create_time_s == 1);  // the service goes on
  CHECK(registry.remove(ghost, {}) == std::nullopt);
  CHECK(registry.find("web")->share == &share);
}

TEST_CASE("registry: services are listed in the order of their creation") {
  const router::Limits limits;
  Registry registry(limits);
  RegisteredShare shares[3];
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
  RegisteredShare share;
  CHECK(registry.add(offer("Web!"), share, 1).status().code() == base::Code::kInvalidArgument);
  Offer with_label = offer("web");
  with_label.label = "ann\x1b[2J " + std::string(1000, 'x');
  CHECK(registry.add(with_label, share, 1).ok());
  CHECK(registry.find("web")->label.size() == 128);
  CHECK(registry.find("web")->label.starts_with("ann\\x1b[2J xxx"));
}

TEST_CASE("registry: there is an end to the number of services") {
  router::Limits limits;
  limits.services = 1;
  Registry registry(limits);
  RegisteredShare first, second;
  CHECK(registry.add(offer("web", "ann"), first, 1).ok());
  CHECK(registry.add(offer("db", "ann"), second, 1).status().code() ==
        base::Code::kResourceExhausted);
  CHECK(registry.add(offer("web", "ann"), second, 1).ok());
}

TEST_CASE("registry: a share's own ghost is ended, and not told that it was superseded") {
  const router::Limits limits;
  Registry registry(limits);
  RegisteredShare ghost, share;
  Offer mine = offer("web", "ann");
  mine.instance = "1";
  CHECK(registry.add(mine, ghost, 1).ok());
  mine.is_again = true;
  CHECK(registry.add(mine, share, 2).ok());
  CHECK(ghost.is_ended);
  CHECK(!ghost.is_superseded);
  CHECK(registry.stream("web", "1") == &share);
}

TEST_CASE("registry: a share that comes back leaves the name to one that started later") {
  const router::Limits limits;
  Registry registry(limits);
  RegisteredShare older, newer;
  Offer first = offer("web", "ann");
  first.instance = "1";
  first.start_time_ms = 100;
  first.is_again = true;
  Offer second = first;
  second.instance = "2";
  second.start_time_ms = 200;
  CHECK(*registry.add(second, newer, 1) == Registry::Standing::kHasName);
  CHECK(*registry.add(first, older, 2) == Registry::Standing::kSuperseded);
  CHECK(registry.find("web")->share == &newer);
  CHECK(registry.stream("web", "1") == &older);  // for the connections that it still has
  CHECK(registry.stream("web", "3") == &newer);
  CHECK(registry.streams().size() == 2);
  CHECK(registry.remove(older, {}) == std::nullopt);
  CHECK(registry.stream("web", "1") == &newer);
  first.is_again = false;  // started now, whatever its clock says
  CHECK(*registry.add(first, older, 3) == Registry::Standing::kHasName);
  CHECK(newer.is_superseded);
}

TEST_CASE("registry: a service that is away is listed, not found, and free for all") {
  const router::Limits limits;
  Registry registry(limits);
  RegisteredShare ann, bob;
  const base::TimePoint until{std::chrono::minutes(15)};
  CHECK(registry.add(offer("web", "ann"), ann, 1).ok());
  const auto traffic = registry.find("web")->traffic;
  CHECK(registry.remove(ann, until) == "web");
  CHECK(registry.find("web") == nullptr);
  REQUIRE(registry.oldest_first().size() == 1);
  CHECK(registry.oldest_first()[0]->share == nullptr);
  CHECK(registry.next_deadline() == until);
  CHECK(registry.streams().empty());

  CHECK(registry.add(offer("web", "ann"), ann, 2).ok());
  CHECK(registry.find("web")->traffic == traffic);  // the service goes on
  CHECK(registry.next_deadline() == std::nullopt);

  registry.remove(ann, until);
  CHECK(registry.add(offer("web", "bob"), bob, 3).ok());
  CHECK(registry.find("web")->share == &bob);
  registry.remove(bob, until);
  registry.expire(until);
  CHECK(registry.oldest_first().empty());
}
