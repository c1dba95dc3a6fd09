// SPDX-License-Identifier: MIT
#include "transport/loop_queue.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

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

// A socket of the loop's, and its other end, which blocks.
std::pair<std::unique_ptr<net::Socket>, net::Fd> connected(net::Loop& loop) {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  net::Fd far(ends[1]);
  REQUIRE(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
  auto near = net::Socket::adopt(loop, net::Fd(ends[0]));
  REQUIRE(near.ok());
  return {*std::move(near), std::move(far)};
}

// Comes back by itself.
struct Chime final : transport::Completion {
  explicit Chime(Fixture& fixture) : fixture(fixture) {}
  void complete(bool ok) override {
    CHECK(ok);
    ++count;
    fixture.loop.post([this] { fixture.reach(); });
  }

  Fixture& fixture;
  int count = 0;
};

// Comes back again and again, until `count` times.
class Again final : public transport::Completion {
 public:
  Again(transport::LoopQueue& queue, int count, std::function<void()> handler)
      : queue_(queue), left_(count), handler_(std::move(handler)) {
    set();
  }

  void complete(bool) override {
    if (--left_ > 0) set();
    handler_();
  }

 private:
  void set() {
    alarm_.Set(queue_.queue(), gpr_inf_past(GPR_CLOCK_MONOTONIC),
               static_cast<transport::Completion*>(this));
  }

  transport::LoopQueue& queue_;
  grpc::Alarm alarm_;
  int left_;
  const std::function<void()> handler_;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "loop queue: what comes back is taken, once") {
  Chime chime(*this);
  grpc::Alarm alarm;
  alarm.Set(queue.queue(), gpr_inf_past(GPR_CLOCK_MONOTONIC),
            static_cast<transport::Completion*>(&chime));
  run();
  CHECK(chime.count == 1);
}

TEST_CASE_FIXTURE(Fixture, "loop queue: what comes back while it is started is taken there") {
  Chime chime(*this);
  grpc::Alarm alarm;
  const auto start = [&](gpr_timespec due) {
    queue.start(
        [&] { alarm.Set(queue.queue(), due, static_cast<transport::Completion*>(&chime)); });
  };
  start(gpr_inf_past(GPR_CLOCK_MONOTONIC));
  CHECK(chime.count == 1);
  run();
  CHECK(chime.count == 1);
  start(gpr_time_from_millis(1, GPR_TIMESPAN));  // comes back later, by the queue
  CHECK(chime.count == 1);
  run();
  CHECK(chime.count == 2);
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
    REQUIRE(queue.wait(20s));
    queue.take();
    CHECK(loop.clock().now() - start < 10s);
  }
}

// Sockets, posts and what comes back, as fast as they can: each would see another at work.
TEST_CASE_FIXTURE(Fixture, "loop queue: no two handlers run at once, on whichever thread") {
  constexpr int kEach = 500;
  bool is_busy = false;
  int left = 3 * kEach;
  const auto handle = [&] {
    CHECK_FALSE(std::exchange(is_busy, true));
    if (--left == 0) reach();
    is_busy = false;
  };
  auto [near, far] = connected(loop);
  const std::function<void()> read = [&] {
    for (size_t got = near->read(16).bytes.size(); got > 0; --got) handle();
    near->wait_readable(read);
  };
  near->wait_readable(read);
  Again again(queue, kEach, handle);
  std::thread writer([&] {
    for (int i = 0; i < kEach; ++i) CHECK(write(far.get(), "x", 1) == 1);
  });
  std::thread poster([&] {
    for (int i = 0; i < kEach; ++i) loop.post(handle);
  });
  run();
  writer.join();
  poster.join();
}

TEST_CASE_FIXTURE(Fixture, "loop queue: a timer that a socket's handler arms is not late") {
  auto [near, far] = connected(loop);
  net::Timer timer(loop);
  base::TimePoint start{};
  near->wait_readable([&] {
    start = loop.clock().now();
    timer.after(1ms, [this] { reach(); });
  });
  std::thread writer([&] { CHECK(write(far.get(), "x", 1) == 1); });
  run();
  writer.join();
  CHECK(loop.clock().now() - start < 5s);  // the other thread would have waited for 10
}

TEST_CASE_FIXTURE(Fixture,
                  "loop queue: a socket that is destroyed while it is waited for calls nobody") {
  auto [near, far] = connected(loop);
  near->wait_readable([] { FAIL("its socket is gone"); });
  loop.post([&] {
    CHECK(write(far.get(), "x", 1) == 1);  // seen by the other thread, whose turn it is not
    near.reset();
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
