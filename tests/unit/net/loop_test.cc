// SPDX-License-Identifier: MIT
#include "net/loop.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <array>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "unit/manual_clock.h"
#include "unit/net/loopback.h"

using namespace mm::net;
using namespace std::chrono_literals;

TEST_CASE("loop: a post runs later, and posts keep their order") {
  TestLoop loop;
  std::vector<int> order;
  loop.get().post([&] {
    order.push_back(1);
    loop.get().post([&] {
      order.push_back(4);
      loop.finish();
    });
    order.push_back(2);
  });
  loop.get().post([&] { order.push_back(3); });
  CHECK(order.empty());
  loop.run();
  CHECK(order == std::vector{1, 2, 3, 4});
}

TEST_CASE("loop: posts from each of several threads run on the loop thread, in order") {
  constexpr int kThreads = 4;
  constexpr int kPosts = 5000;
  TestLoop loop;
  std::array<int, kThreads> next{};
  int total = 0;
  bool in_order = true;
  std::vector<std::thread> threads;
  const std::thread::id loop_thread = std::this_thread::get_id();
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop.get().post([&, t, i] {
          in_order = in_order && next[t]++ == i && std::this_thread::get_id() == loop_thread;
          if (++total == kThreads * kPosts) loop.finish();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  CHECK(in_order);
}

TEST_CASE("loop: what was posted and not run is dropped with the loop") {
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = owned;
  {
    Loop loop;
    loop.post([owned = std::move(owned)] { ++*owned; });
  }
  CHECK(watch.expired());
}

TEST_CASE("loop: a timer may go with a handler that the loop drops") {
  auto loop = std::make_unique<Loop>();
  auto timer = std::make_shared<Timer>(*loop);
  timer->after(1h, [] {});
  loop->post([timer] {});
  timer.reset();
  loop.reset();
}

TEST_CASE("loop: a stop before the run ends that run and no later one") {
  Loop loop;
  loop.stop();
  loop.run();
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  CHECK(ran);
}

TEST_CASE("timer: fires in the order of the due times, not before them") {
  TestLoop loop;
  std::vector<int> order;
  Timer late(loop.get());
  Timer early(loop.get());
  const mm::base::TimePoint start = loop.get().clock().now();
  late.after(milliseconds(20), [&] {
    order.push_back(2);
    loop.finish();
  });
  early.after(milliseconds(5), [&] { order.push_back(1); });
  CHECK(early.is_armed());
  loop.run();
  CHECK(order == std::vector{1, 2});
  CHECK(loop.get().clock().now() - start >= milliseconds(20));
  CHECK(!early.is_armed());
}

TEST_CASE("timer: a delay that is over fires in the next turn") {
  TestLoop loop;
  Timer timer(loop.get());
  bool fired = false;
  timer.after(milliseconds(-5), [&] {
    fired = true;
    loop.finish();
  });
  CHECK(!fired);
  loop.run();
  CHECK(fired);
}

TEST_CASE("timer: what was cancelled, re-armed or destroyed is never run") {
  TestLoop loop;
  int wrong = 0;
  Timer cancelled(loop.get());
  Timer armed_again(loop.get());
  std::optional<Timer> destroyed(std::in_place, loop.get());
  for (Timer* timer : {&cancelled, &armed_again, &*destroyed}) {
    timer->after(milliseconds(0), [&] { ++wrong; });
  }
  const mm::base::TimePoint start = loop.get().clock().now();
  loop.get().post([&] {
    cancelled.cancel();
    armed_again.after(milliseconds(20), loop.done());
    destroyed.reset();
  });
  loop.run();
  CHECK(loop.get().clock().now() - start >= milliseconds(20));
  loop.settle();
  CHECK(wrong == 0);
  CHECK(!cancelled.is_armed());
}

TEST_CASE("timer: its handler may cancel others that are due in the same turn") {
  TestLoop loop;
  int fired = 0;
  std::array<std::optional<Timer>, 10> timers;
  for (auto& timer : timers) {
    timer.emplace(loop.get());
    timer->after(milliseconds(0), [&] {
      ++fired;
      for (auto& other : timers) {
        if (other) other->cancel();
      }
    });
  }
  loop.settle();
  CHECK(fired == 1);
}

TEST_CASE("timer: its handler may re-arm and destroy it") {
  TestLoop loop;
  auto timer = std::make_unique<Timer>(loop.get());
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds < 3) return timer->after(milliseconds(0), again);
    timer.reset();
    loop.finish();
  };
  timer->after(milliseconds(0), again);
  loop.run();
  CHECK(rounds == 3);
}

TEST_CASE("timer: the longest delay does not overflow") {
  TestLoop loop;
  Timer timer(loop.get());
  timer.after(mm::base::Duration::max(), [] { FAIL("fired"); });
  loop.settle();
  CHECK(timer.is_armed());
}

TEST_CASE("loop: on a test's clock only what is posted or due runs, in order") {
  mm::test::ManualClock clock;
  Loop loop(clock);
  std::string story;
  Timer soon(loop);
  Timer late(loop);
  late.after(20ms, [&] { story += "late "; });
  soon.after(10ms, [&] {
    story += "soon ";
    loop.post([&] { story += "posted "; });
    soon.after(5ms, [&] { story += "again "; });
  });
  loop.run_due();
  CHECK(story.empty());
  CHECK(loop.next_due() == clock.time + 10ms);
  clock.time += 10ms;
  loop.run_due();
  CHECK(story == "soon posted ");
  clock.time += 10ms;
  loop.run_due();
  CHECK(story == "soon posted again late ");
  CHECK(!loop.next_due());
}

namespace {

// Nothing ever comes to it. Says how often it was woken.
class Sleeper final : public Waiter {
 public:
  bool wait(mm::base::Duration most) override {
    std::unique_lock lock(mutex_);
    awake_.wait_for(lock, most, [this] { return is_woken_; });
    return std::exchange(is_woken_, false);
  }
  void take() override {}
  void wake() override {
    const std::lock_guard lock(mutex_);
    ++wakes_;
    is_woken_ = true;
    awake_.notify_one();
  }
  int wakes() {
    const std::lock_guard lock(mutex_);
    return wakes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable awake_;
  bool is_woken_ = false;
  int wakes_ = 0;
};

}  // namespace

TEST_CASE("loop: what comes at a socket wakes nobody for a timer that is waited for already") {
  constexpr int kTurns = 50;
  Sleeper sleeper;
  Loop loop(sleeper);
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  const auto socket = *Socket::adopt(loop, Fd(ends[0]));
  const Fd far(ends[1]);
  Timer timer(loop);
  timer.after(5s, [] {});  // sooner than a loop waits at most
  int turns = 0;
  const std::function<void()> on_readable = [&] {
    REQUIRE(socket->read(1).kind == Stream::ReadResult::Kind::kBytes);
    if (++turns == kTurns) {
      CHECK(sleeper.wakes() == 0);
      return loop.stop();
    }
    socket->wait_readable(on_readable);
    REQUIRE(write(far.get(), "x", 1) == 1);
  };
  socket->wait_readable(on_readable);
  REQUIRE(write(far.get(), "x", 1) == 1);
  loop.run();
  CHECK(turns == kTurns);
}

TEST_CASE("signals: each arrival calls the handler, until the object is gone") {
  TestLoop loop;
  std::vector<int> seen;
  {
    Signals signals(loop.get(),
                    [&](int signal_number) {
                      seen.push_back(signal_number);
                      loop.finish();
                    },
                    {SIGUSR1, SIGUSR2});
    raise(SIGUSR1);
    loop.run();
    raise(SIGUSR2);
    loop.run();
    raise(SIGUSR1);
  }
  loop.settle();
  CHECK(seen == std::vector{SIGUSR1, SIGUSR2});
}
