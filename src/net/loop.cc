// SPDX-License-Identifier: MIT
#include "net/loop.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "net/asio.h"

namespace mm::net {
namespace {

constexpr int kOneThread = 1;  // that runs handlers; posting from others stays allowed

// CLOCK_BOOTTIME as Asio wants a clock.
struct BootClock {
  using duration = base::Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = base::TimePoint;
  static constexpr bool is_steady = true;
  static time_point now() { return base::SystemClock().now(); }
};

// Asio sleeps by CLOCK_MONOTONIC, which stands still while the machine is suspended. Sleeping at
// most this long at a time and then asking BootClock again bounds how late a timer can be.
struct BootWait {
  static constexpr base::Duration kMost = std::chrono::seconds(10);
  static base::Duration to_wait_duration(base::Duration left) { return std::min(left, kMost); }
  static base::Duration to_wait_duration(base::TimePoint due) {
    return to_wait_duration(due - BootClock::now());
  }
};

using BootTimer = asio::basic_waitable_timer<BootClock, BootWait, Executor>;

}  // namespace

// One wait of Asio's stands for all timers.
struct Loop::Wait {
  explicit Wait(asio::io_context& context) : timer(context) {}

  BootTimer timer;
  std::optional<base::TimePoint> due;  // nothing: it does not run
};

Loop::Loop()
    : own_clock_(std::make_unique<base::SystemClock>()),
      clock_(own_clock_.get()),
      context_(std::make_unique<asio::io_context>(kOneThread)),
      wait_(std::make_unique<Wait>(*context_)) {}

Loop::Loop(const base::Clock& clock)
    : clock_(&clock), context_(std::make_unique<asio::io_context>(kOneThread)) {}

Loop::~Loop() = default;

void Loop::run() {
  MM_CHECK(wait_);
  {
    const auto keep_running = asio::make_work_guard(*context_);
    context_->run();
  }
  context_->restart();  // last: the end of the last work would stop it again
}

void Loop::stop() { context_->stop(); }

void Loop::post(std::function<void()> handler) { asio::post(*context_, std::move(handler)); }

void Loop::run_due() {
  MM_CHECK(!wait_);
  do {
    context_->poll();
    context_->restart();
    fire();
  } while (context_->poll_one() > 0 || (next_due() && *next_due() <= clock_->now()));
}

std::optional<base::TimePoint> Loop::next_due() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

Loop::TimerKey Loop::arm(Timer& timer, base::TimePoint due) {
  const TimerKey key{due, ++armed_count_};
  timers_.emplace(key, &timer);
  if (wait_ && (!wait_->due || due < *wait_->due)) wait_for_first();
  return key;
}

// Those that a handler arms have their turn later, even if they are due at once.
void Loop::fire() {
  const base::TimePoint now = clock_->now();
  const uint64_t last = armed_count_;
  auto next = timers_.begin();
  while (next != timers_.end() && next->first.first <= now && !context_->stopped()) {
    if (next->first.second > last) {
      ++next;
      continue;
    }
    Timer& timer = *next->second;
    timers_.erase(next);
    timer.key_.reset();
    const std::function<void()> handler = std::exchange(timer.handler_, nullptr);
    handler();  // may destroy this timer, and change others
    next = timers_.begin();
  }
}

// A timer that was cancelled leaves the wait as it is: it then ends for nothing once.
void Loop::wait_for_first() {
  wait_->due = next_due();
  if (!wait_->due) return;
  wait_->timer.expires_at(*wait_->due);
  wait_->timer.async_wait([this](const asio::error_code& error) {
    if (error) return;  // a wait for an earlier one took its place
    fire();
    wait_for_first();
  });
}

// ---- Timer

Timer::~Timer() { cancel(); }

void Timer::after(base::Duration delay, std::function<void()> handler) {
  cancel();
  handler_ = std::move(handler);
  const base::TimePoint now = loop_.clock().now();
  delay = std::clamp(delay, base::Duration{}, base::TimePoint::max() - now);
  key_ = loop_.arm(*this, now + delay);
}

void Timer::cancel() {
  if (!key_) return;
  loop_.timers_.erase(*std::exchange(key_, std::nullopt));
  handler_ = nullptr;
}

// ---- Signals

struct Signals::Impl {
  Impl(asio::io_context& context, std::function<void(int)> handler)
      : signals(context), handler(std::move(handler)) {}

  static void wait(const std::shared_ptr<Impl>& impl) {
    impl->signals.async_wait([impl](const asio::error_code& error, int signal_number) {
      if (error || !impl->is_wanted) return;
      wait(impl);
      impl->handler(signal_number);
    });
  }

  asio::basic_signal_set<Executor> signals;
  std::function<void(int)> handler;
  bool is_wanted = true;
};

Signals::Signals(Loop& loop, std::function<void(int)> handler, std::initializer_list<int> signals)
    : impl_(std::make_shared<Impl>(loop.context(), std::move(handler))) {
  for (int signal_number : signals) impl_->signals.add(signal_number);
  Impl::wait(impl_);
}

Signals::~Signals() {
  impl_->is_wanted = false;
  impl_->signals.clear();   // the signals do again what they did before
  impl_->signals.cancel();  // queued arrivals included
}

}  // namespace mm::net
