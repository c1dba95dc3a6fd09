// SPDX-License-Identifier: MIT
#include "connect/connector.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "unit/connect/fake_router.h"
#include "unit/manual_clock.h"

using namespace mm;
using namespace std::chrono_literals;
using base::Code;

namespace {

config::ConnectConfig quiet() {
  config::ConnectConfig config;
  config.common.verbosity = -1;
  config.hold = 30s;
  return config;
}

// A connect process with one service and one application, whose router the test plays.
struct ConnectorWorld {
  ConnectorWorld() {
    connector.start();
    connector.accept(std::make_unique<test::FakeStream>(application));
  }

  // A router that gives tokens and knows none of them, for 10 ms.
  void refuse_tokens() {
    clock.time += 10ms;
    loop.run_due();
    if (router.is_asked()) router.answer(1);
    for (; refused < router.lanes.size(); ++refused) {
      router.lanes[refused].listener->on_closed(base::error(Code::kNotFound, "unknown"));
    }
    loop.run_due();
  }

  test::ManualClock clock;
  net::Loop loop{clock};
  test::SeededRandom random{1};
  test::FakeRouter router;
  const config::ConnectConfig config = quiet();
  config::Events events{config.common, nowhere, nowhere};
  tunnel::TunnelSet tunnels{loop, random, {.first_grace = config.hold}};
  tunnel::RouterWatch watch{loop, {[](const std::string&) {}, [](auto) {}}};
  connect::Context context{loop, random, router, tunnels, watch, events, config};
  test::LocalSide application;
  size_t refused = 0;
  connect::Connector connector{context, web(), std::nullopt,
                               [](base::ExitCode) { FAIL("it gave up"); }};

 private:
  static config::ConnectedService web() {
    config::ConnectedService service;
    service.name = "web";
    return service;
  }

  static inline const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
};

}  // namespace

TEST_CASE("connector: tokens that are refused are replaced, less and less often") {
  ConnectorWorld world;
  while (world.clock.time < base::TimePoint{} + 25s) world.refuse_tokens();
  CHECK(!world.application.is_gone);
  CHECK(world.refused > 20);
  CHECK(world.refused < 200);
}

TEST_CASE("connector: a connection whose tokens are all refused is reset when it was held enough") {
  ConnectorWorld world;
  while (!world.application.is_gone && world.clock.time < base::TimePoint{} + 1h) {
    world.refuse_tokens();
  }
  CHECK(world.application.saw_reset);
  CHECK(world.clock.time >= base::TimePoint{} + 30s);
  CHECK(world.clock.time < base::TimePoint{} + 32s);
}
