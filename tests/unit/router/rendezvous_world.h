// SPDX-License-Identifier: MIT
// A rendezvous with its host, at a time of the test's own.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "router/rendezvous.h"
#include "unit/router/recording_lane.h"
#include "unit/seeded_random.h"

namespace mm::test {

struct Announcement {
  std::string service;
  base::Token token;
  uint64_t generation;
};

struct Joined {
  base::Token token;
  std::shared_ptr<router::Lane> share;
  std::shared_ptr<router::Lane> connect;
};

struct RendezvousWorld final : router::Rendezvous::Host {
  router::Limits limits;
  SeededRandom random{1};
  router::Rendezvous rendezvous{*this, random, limits};
  base::TimePoint now{std::chrono::seconds(1)};
  std::set<std::string> services{"web", "db"};
  std::vector<Announcement> announced;
  std::vector<Joined> joined;
  std::vector<base::Token> ended;  // bridges
  std::set<base::Token> open;      // bridges
  std::vector<std::string> refusals;

  bool has_service(const std::string& service) const override { return services.contains(service); }
  void announce(const router::LaneRequest& request) override {
    announced.push_back({request.service, request.token, request.generation});
  }
  void join(const router::LaneRequest& request, std::shared_ptr<router::Lane> connect,
            const router::LaneRequest&, std::shared_ptr<router::Lane> share) override {
    joined.push_back({request.token, std::move(share), std::move(connect)});
    open.insert(request.token);
  }
  void end_some_bridge(SeededRandom& by) {
    if (open.empty()) return;
    const auto bridge = std::next(open.begin(), static_cast<long>(by.below(open.size())));
    rendezvous.over(*bridge);
    open.erase(bridge);
  }
  void end_bridge(const base::Token& token) override { ended.push_back(token); }
  void refused(std::string_view reason, const std::string&) override {
    refusals.emplace_back(reason);
  }

  base::Token mint(const std::string& service = "web", const std::string& caller = "ann") {
    const auto tokens = rendezvous.mint(service, 1, {.name = caller}, now);
    REQUIRE(tokens.ok());
    return tokens->front();
  }

  std::shared_ptr<RecordingLane> arrive(const base::Token& token, router::Role role,
                                        uint64_t generation = 0, const std::string& caller = "ann",
                                        const std::string& service = "web") {
    auto lane = std::make_shared<RecordingLane>();
    rendezvous.arrive(lane, {token, role, service, generation, "", {.name = caller}}, now);
    return lane;
  }

  void pass(base::Duration time) {
    now += time;
    rendezvous.expire(now);
  }

  bool is_empty() const {
    return rendezvous.is_empty() && rendezvous.token_count() == 0 &&
           rendezvous.waiting_count() == 0 && !rendezvous.next_deadline();
  }
};

}  // namespace mm::test
