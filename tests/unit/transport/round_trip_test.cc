// SPDX-License-Identifier: MIT
#include "transport/round_trip.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "unit/manual_clock.h"

using namespace mm;
using namespace std::chrono_literals;

namespace {

// A router that answers questions about services when the test says so.
class AskedRouter final : public transport::RouterClient {
 public:
  using OnListing = std::function<void(base::StatusOr<transport::Listing>)>;

  void list_services(const transport::ListRequest&, OnListing handler) override {
    handler_ = std::move(handler);
  }
  void forward_to_service(const transport::ForwardRequest&,
                          std::function<void(base::StatusOr<transport::Forwards>)>) override {}
  void find_router(std::function<void(base::StatusOr<std::string>)>) override {}
  void renew() override {}
  void reconnect(const std::string&) override {}
  std::unique_ptr<transport::Registration> create_service(
      transport::RegistrationRequest, transport::Registration::Listener&) override {
    return nullptr;
  }
  std::unique_ptr<wire::Lane> open_lane(const transport::LaneRequest&,
                                        wire::Lane::Listener&) override {
    return nullptr;
  }

  bool is_asked() const { return handler_ != nullptr; }
  void answer(base::StatusOr<transport::Listing> listing) {
    std::exchange(handler_, nullptr)(std::move(listing));
  }

 private:
  OnListing handler_;
};

struct Distance {
  test::ManualClock clock;
  net::Loop loop{clock};
  AskedRouter router;
  std::optional<base::StatusOr<base::Duration>> told;
  transport::RoundTrip round_trip{loop, router, [this](const auto& time) { told = time; }};

  void answer_after(base::Duration time) {
    REQUIRE(router.is_asked());
    clock.time += time;
    router.answer(transport::Listing{});
  }
};

}  // namespace

TEST_CASE("round trip: the time in which the way was opened does not count") {
  Distance distance;
  distance.round_trip.measure({});
  distance.answer_after(90ms);
  CHECK(!distance.told);
  distance.answer_after(30ms);
  REQUIRE(distance.told);
  REQUIRE(distance.told->ok());
  CHECK(**distance.told == 30ms);
  CHECK(!distance.router.is_asked());
}

TEST_CASE("round trip: a router that does not answer is told at once") {
  Distance distance;
  distance.round_trip.measure({});
  distance.router.answer(base::error(base::Code::kUnavailable, "gone"));
  REQUIRE(distance.told);
  CHECK(!distance.told->ok());
  CHECK(!distance.router.is_asked());
}

TEST_CASE("round trip: it is measured again and again, where that is wanted") {
  Distance distance;
  distance.round_trip.measure(1min);
  distance.answer_after(3ms);
  distance.answer_after(1ms);
  CHECK(!distance.router.is_asked());
  distance.clock.time += 1min;
  distance.loop.run_due();
  CHECK(distance.router.is_asked());
}
