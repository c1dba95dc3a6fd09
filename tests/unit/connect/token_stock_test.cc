// SPDX-License-Identifier: MIT
#include "connect/token_stock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "unit/connect/fake_router.h"
#include "unit/seeded_random.h"

using namespace mm;
using namespace std::chrono_literals;
using base::Code;
using connect::TokenStock;

namespace {

struct StockWorld final : TokenStock::Listener {
  net::Loop loop;
  test::FakeRouter router;
  test::SeededRandom random{1};
  int tokens_told = 0;
  std::vector<Code> away;
  std::optional<base::ExitCode> given_up;
  TokenStock stock;

  explicit StockWorld(bool no_wait = false)
      : stock(loop, router, random, "web", {}, no_wait, *this) {}

  void on_tokens(uint16_t port_hint) override {
    CHECK(port_hint == 3000);
    ++tokens_told;
  }
  void on_away(const base::Status& status) override { away.push_back(status.code()); }
  void on_given_up(const base::Status&, base::ExitCode code) override { given_up = code; }
};

}  // namespace

TEST_CASE("token stock: it asks before anybody needs a token, and again when half are used") {
  StockWorld world;
  REQUIRE(world.router.asked == std::vector<uint32_t>{2});
  CHECK(!world.stock.take());
  world.router.answer(4);
  CHECK(world.tokens_told == 1);
  CHECK(world.stock.take());
  CHECK(!world.router.is_asked());
  CHECK(world.stock.take());
  CHECK(world.router.is_asked());
}

TEST_CASE("token stock: connections that come faster than tokens make it keep more, to a limit") {
  StockWorld world;
  for (int i = 0; i < 10; ++i) {
    while (world.stock.take()) {
    }
    world.router.answer(world.router.asked.back());
  }
  const uint32_t most = *std::max_element(world.router.asked.begin(), world.router.asked.end());
  CHECK(most > 8);
  CHECK(most <= 16);
}

TEST_CASE("token stock: an absent service is asked for again until it is there") {
  StockWorld world;
  world.router.fail(Code::kNotFound);
  CHECK(world.away == std::vector<Code>{Code::kNotFound});
  CHECK(!world.router.is_asked());
  net::Timer look(world.loop);
  std::function<void()> wait = [&] {
    if (world.router.is_asked()) return world.loop.stop();
    look.after(5ms, wait);
  };
  look.after(5ms, wait);
  world.loop.run();
  world.router.answer(1);
  CHECK(world.stock.take());
}

TEST_CASE("token stock: a retry asks at once, unless it asks already") {
  StockWorld world;
  world.stock.retry_now();
  CHECK(world.router.asked.size() == 1);
  world.router.fail(Code::kUnavailable);
  CHECK(!world.router.is_asked());
  world.stock.retry_now();
  CHECK(world.router.is_asked());
  world.router.answer(1);
  world.stock.retry_now();
  CHECK(!world.router.is_asked());
}

TEST_CASE("token stock: where waiting was declined, an absent service or router ends it") {
  Code code{};
  base::ExitCode expected{};
  SUBCASE("service") {
    code = Code::kNotFound;
    expected = base::ExitCode::kNoSuchService;
  }
  SUBCASE("router") {
    code = Code::kUnavailable;
    expected = base::ExitCode::kRouterUnreachable;
  }
  StockWorld world(true);
  world.router.fail(code);
  CHECK(world.given_up == expected);
}

TEST_CASE("token stock: discarded tokens are not handed out") {
  StockWorld world;
  world.router.answer(2);
  world.stock.discard();
  CHECK(!world.stock.take());
  CHECK(world.router.is_asked());
}
