// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "transport/router_client.h"
#include "unit/seeded_random.h"
#include "unit/tunnel/fakes.h"

namespace mm::test {

// RouterClient to a router that answers when the test says so.
class FakeRouter final : public transport::RouterClient {
 public:
  void forward_to_service(
      const transport::ForwardRequest& request,
      std::function<void(base::StatusOr<transport::Forwards>)> handler) override {
    asked.push_back(request.count);
    handler_ = std::move(handler);
  }
  void renew() override {}
  void reconnect(const std::string&) override {}
  void find_router(std::function<void(base::StatusOr<std::string>)>) override {}
  void list_services(const transport::ListRequest&,
                     std::function<void(base::StatusOr<transport::Listing>)>) override {}
  std::unique_ptr<transport::Registration> create_service(
      transport::RegistrationRequest, transport::Registration::Listener&) override {
    return nullptr;
  }
  std::unique_ptr<wire::Lane> open_lane(const transport::LaneRequest& request,
                                        wire::Lane::Listener& listener) override {
    lanes.emplace_back().generation = request.generation;
    return std::make_unique<FakeLane>(lanes.back(), listener);
  }

  void answer(uint32_t count) {
    transport::Forwards forwards;
    for (uint32_t i = 0; i < count; ++i) forwards.tokens.push_back(base::Token::random(random_));
    forwards.port_hint = 3000;
    std::exchange(handler_, nullptr)(forwards);
  }
  void fail(base::Code code) { std::exchange(handler_, nullptr)(base::error(code, "no")); }
  bool is_asked() const { return handler_ != nullptr; }

  std::vector<uint32_t> asked;  // for so many tokens, each time
  std::deque<LaneSide> lanes;   // that were opened

 private:
  SeededRandom random_{1};
  std::function<void(base::StatusOr<transport::Forwards>)> handler_;
};

}  // namespace mm::test
