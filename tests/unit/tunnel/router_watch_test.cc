// SPDX-License-Identifier: MIT
#include "tunnel/router_watch.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/manual_clock.h"

using namespace mm;
using namespace std::chrono_literals;

namespace {

struct WatchWorld {
  test::ManualClock clock;
  net::Loop loop{clock};
  std::string story;
  tunnel::RouterWatch watch{loop,
                            {[this](const std::string& why) { story += "offline: " + why + "; "; },
                             [this](auto away) {
                               story += !away ? "online; "
                                              : "back after " + std::to_string(*away / 1ms) + "; ";
                             }}};

  void pass(base::Duration time) {
    clock.time += time;
    loop.run_due();
  }
};

}  // namespace

TEST_CASE("router watch: the router is told online once, however often it answers") {
  WatchWorld world;
  world.watch.back();
  world.watch.back();
  CHECK(world.story == "online; ");
}

TEST_CASE(
    "router watch: a loss that lasts is told, with its first cause, and for how long it was") {
  WatchWorld world;
  world.watch.back();
  world.watch.lost("first");
  world.pass(300ms);
  world.watch.lost("second");
  world.pass(200ms);
  world.pass(2500ms);
  world.watch.lost("third");
  world.watch.back();
  CHECK(world.story == "online; offline: first; back after 3000; ");
}

TEST_CASE("router watch: a loss that is mended at once is not told") {
  WatchWorld world;
  world.watch.back();
  world.watch.lost("a front end cut its stream");
  world.pass(400ms);
  world.watch.back();
  world.pass(10s);
  CHECK(world.story == "online; ");
}
