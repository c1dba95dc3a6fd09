// SPDX-License-Identifier: MIT
#include "net/loop.h"

#include <algorithm>
#include <utility>

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

Loop::Loop() : context_(std::make_unique<asio::io_context>(kOneThread)) {}

Loop::~Loop() = default;

void Loop::run() {
  {
    const auto keep_running = asio::make_work_guard(*context_);
    context_->run();
  }
  context_->restart();  // last: the end of the last work would stop it again
}

void Loop::stop() { context_->stop(); }

void Loop::post(std::function<void()> handler) { asio::post(*context_, std::move(handler)); }

// ---- Timer

struct Timer::Impl {
  explicit Impl(asio::io_context& context) : wait(context) {}

  BootTimer wait;
  std::function<void()> handler;  // empty: not armed
  uint64_t round = 0;             // a wait of an earlier round may be over and queued: it is void
};

Timer::~Timer() { cancel(); }

void Timer::after(base::Duration delay, std::function<void()> handler) {
  if (!impl_) impl_ = std::make_shared<Impl>(loop_.context());
  impl_->handler = std::move(handler);
  impl_->wait.expires_after(delay);
  impl_->wait.async_wait([impl = impl_, round = ++impl_->round](const asio::error_code&) {
    if (impl->round != round || !impl->handler) return;
    std::exchange(impl->handler, nullptr)();
  });
}

void Timer::cancel() {
  if (!is_armed()) return;
  impl_->handler = nullptr;
  ++impl_->round;
  impl_->wait.cancel();
}

bool Timer::is_armed() const { return impl_ && impl_->handler; }

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
