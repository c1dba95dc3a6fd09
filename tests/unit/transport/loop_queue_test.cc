// SPDX-License-Identifier: MIT
#include "transport/loop_queue.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "net/fd.h"
#include "net/socket.h"

using namespace mm;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  // Until somebody calls loop.stop(), who says that it is reached.
  void run() {
    net::Timer watchdog(loop);
    watchdog.after(20s, [this] { loop.stop(); });
    loop.run();
    REQUIRE(is_reached);
    is_reached = false;
  }

  void reach() {
    is_reached = true;
    loop.stop();
  }

  transport::LoopQueue queue;
  net::Loop loop{queue};
  bool is_reached = false;
};

// Comes back by itself.
struct Chime final : transport::Completion {
  explicit Chime(Fixture& fixture) : fixture(fixture) {}
  void complete(bool ok) override {
    CHECK(ok);
    thread = std::this_thread::get_id();
    fixture.loop.post([this] { fixture.reach(); });
  }

  Fixture& fixture;
  std::thread::id thread;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "loop queue: what comes back is taken on the loop's own thread") {
  Chime chime(*this);
  grpc::Alarm alarm;
  alarm.Set(queue.queue(), gpr_inf_past(GPR_CLOCK_MONOTONIC),
            static_cast<transport::Completion*>(&chime));
  run();
  CHECK(chime.thread == std::this_thread::get_id());
}

TEST_CASE_FIXTURE(Fixture, "loop queue: posts from other threads wake it, each time") {
  constexpr int kThreads = 4;
  constexpr int kPosts = 2000;
  int total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kPosts; ++i) {
        loop.post([&] {
          if (++total == kThreads * kPosts) reach();
        });
      }
    });
  }
  run();
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE_FIXTURE(Fixture,
                  "loop queue: a wake before the wait is not lost, nor one after another") {
  for (int i = 0; i < 3; ++i) {
    queue.wake();
    queue.wake();
    const base::TimePoint start = loop.clock().now();
    queue.wait(20s);
    CHECK(loop.clock().now() - start < 10s);
  }
}

TEST_CASE_FIXTURE(Fixture, "loop queue: sockets call back on the loop's thread") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  const net::Fd far(ends[1]);
  auto near = net::Socket::adopt(loop, net::Fd(ends[0]));
  REQUIRE(near.ok());
  const std::thread::id here = std::this_thread::get_id();
  for (int i = 0; i < 100; ++i) {
    (*near)->wait_readable([&] {
      CHECK(std::this_thread::get_id() == here);
      CHECK((*near)->read(16).bytes.size() == 1);
      reach();
    });
    std::thread writer([&] { CHECK(write(far.get(), "x", 1) == 1); });
    run();
    writer.join();
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "loop queue: a socket that is destroyed while it is waited for calls nobody") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  const net::Fd far(ends[1]);
  auto near = net::Socket::adopt(loop, net::Fd(ends[0]));
  REQUIRE(near.ok());
  (*near)->wait_readable([] { FAIL("its socket is gone"); });
  CHECK(write(far.get(), "x", 1) == 1);
  loop.post([&] {
    near->reset();
    loop.post([&] { reach(); });
  });
  run();
}

TEST_CASE_FIXTURE(Fixture, "loop queue: timers fire in their order, and not before they are due") {
  net::Timer first(loop);
  net::Timer second(loop);
  const base::TimePoint start = loop.clock().now();
  second.after(20ms, [&] {
    CHECK_FALSE(first.is_armed());
    CHECK(loop.clock().now() - start >= 20ms);
    reach();
  });
  first.after(10ms, [] {});
  run();
}

TEST_CASE_FIXTURE(Fixture, "loop queue: another thread stops the loop while it waits") {
  std::thread stopper([this] {
    is_reached = true;
    loop.stop();
  });
  run();
  stopper.join();
}
