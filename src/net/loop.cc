// SPDX-License-Identifier: MIT
#include "net/loop.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.h"
#include "net/asio.h"

namespace mm::net {
namespace {

constexpr int kOneThread = 1;  // that runs handlers; posting from others stays allowed

// The kernel's waits stand still while the machine is suspended. Waiting at most this long at a
// time, and then asking the clock, which does not, bounds how late a timer can be.
constexpr base::Duration kWaitMost = std::chrono::seconds(10);

}  // namespace

Loop::Loop()
    : own_clock_(std::make_unique<base::SystemClock>()),
      clock_(own_clock_.get()),
      waiter_(nullptr),
      context_(std::make_unique<asio::io_context>(kOneThread)) {}

Loop::Loop(Waiter& waiter)
    : own_clock_(std::make_unique<base::SystemClock>()),
      clock_(own_clock_.get()),
      waiter_(&waiter),
      sockets_(std::make_unique<asio::io_context>(kOneThread)),
      context_(std::make_unique<asio::io_context>(kOneThread)) {}

Loop::Loop(const base::Clock& clock)
    : clock_(&clock), waiter_(nullptr), context_(std::make_unique<asio::io_context>(kOneThread)) {}

Loop::~Loop() = default;

void Loop::run() {
  MM_CHECK(own_clock_);
  {
    const auto keep_running = asio::make_work_guard(*context_);
    if (sockets_) {
      wait_for_both();
    } else {
      while (!context_->stopped()) {
        work();
        if (!context_->stopped()) context_->run_one_for(time_left());
      }
    }
  }
  context_->restart();  // last: the end of the last work would stop it again
}

void Loop::wait_for_both() {
  std::thread watcher([this] {
    const auto keep_watching = asio::make_work_guard(*sockets_);
    sockets_->run();
  });
  {
    Turn turn(*this);
    while (!context_->stopped()) wait_for_waiter(turn);
  }
  sockets_->stop();
  watcher.join();
  sockets_->restart();
}

void Loop::wait_for_waiter(Turn& turn) {
  work();
  if (context_->stopped()) return;
  waiting_until_ = std::min(next_due().value_or(base::TimePoint::max()), clock_->now() + kWaitMost);
  is_waiting_ = true;
  if (context_->poll_one() == 0) {  // else some came before anybody could know that it waits
    const base::Duration most = waiting_until_ - clock_->now();
    turn.end();
    const bool has_come = waiter_->wait(most);
    turn.begin();
    if (has_come) waiter_->take();
  }
  is_waiting_ = false;
}

// Everything that there is to do.
void Loop::work() {
  context_->poll();
  fire();
}

base::Duration Loop::time_left() const {
  const std::optional<base::TimePoint> due = next_due();
  if (!due) return kWaitMost;
  return std::clamp(*due - clock_->now(), base::Duration{}, kWaitMost);
}

// The first to find it waiting wakes it: more than one would be for nothing.
void Loop::wake() {
  if (is_waiting_.exchange(false)) waiter_->wake();
}

void Loop::stop() {
  context_->stop();
  wake();
}

void Loop::post(std::function<void()> handler) {
  asio::post(*context_, std::move(handler));
  if (turn_holder_ != std::this_thread::get_id()) wake();  // who holds the turn goes on to it
}

void Loop::run_due() {
  MM_CHECK(!own_clock_);
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
  Impl(Loop& loop, std::function<void(int)> handler)
      : signals(Executor(loop)), handler(std::move(handler)) {}

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
    : impl_(std::make_shared<Impl>(loop, std::move(handler))) {
  for (int signal_number : signals) impl_->signals.add(signal_number);
  Impl::wait(impl_);
}

Signals::~Signals() {
  impl_->is_wanted = false;
  impl_->signals.clear();   // the signals do again what they did before
  impl_->signals.cancel();  // queued arrivals included
}

}  // namespace mm::net
