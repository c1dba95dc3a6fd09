// SPDX-License-Identifier: MIT
// The loop: one thread that owns all state of a process's mode. Other threads may call post() and
// stop() and nothing else. Wraps Asio, whose headers only net/*.cc and net/asio.h see.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "net/read_block.h"

namespace asio {
class io_context;
}

namespace mm::net {

class Timer;

// Something else that a loop's thread waits on, which is no descriptor: gRPC's completion queue.
// One thread can wait in one place only, so the sockets are then waited on by a thread beside it.
class Waiter {
 public:
  virtual ~Waiter() = default;

  // Returns once something came, which it has post()ed to the loop; once it was woken; or after
  // `most`. On the loop's thread.
  virtual void wait(base::Duration most) = 0;

  // Ends wait(), or the next one if none is under way. From any thread.
  virtual void wake() = 0;
};

class Loop {
 public:
  Loop();
  explicit Loop(Waiter& waiter);  // which outlives it
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs handlers on this thread until stop(). Handlers that were posted and not run are dropped,
  // unrun, when the loop is destroyed. May be called again after it returned.
  void run();

  // Makes run() return after the handler that it is in; if it is not running, its next call
  // returns at once. From any thread.
  void stop();

  // Runs `handler` on the loop thread, never from within this call. From any thread. Order of
  // posts from one thread is kept.
  void post(std::function<void()> handler);

  const base::Clock& clock() const { return *clock_; }

  // --- time as a test wants it: everything on this thread, and nothing by itself ---

  // A loop on a clock that the test moves. Not for run().
  explicit Loop(const base::Clock& clock);

  // Runs what was posted and the timers that are due, until there is neither.
  void run_due();

  // When the next timer is due; nothing: none is armed.
  std::optional<base::TimePoint> next_due() const;

  ReadBlock& read_block() { return read_block_; }  // for net/*.cc

 private:
  friend class Executor;  // asio.h
  friend class Timer;

  // Due time, then order of arming.
  using TimerKey = std::pair<base::TimePoint, uint64_t>;

  TimerKey arm(Timer& timer, base::TimePoint due);
  void fire();  // the timers that are due
  void turn();
  void wake();
  base::Duration time_left() const;  // until the next timer is due

  const std::unique_ptr<const base::Clock> own_clock_;  // null: a test's
  const base::Clock* const clock_;
  Waiter* const waiter_;  // null: it waits for sockets alone
  ReadBlock read_block_;
  std::map<TimerKey, Timer*> timers_;
  uint64_t armed_count_ = 0;
  std::atomic<bool> is_waiting_{false};
  std::unique_ptr<asio::io_context> sockets_;  // run by a thread of its own; null: without waiter
  std::unique_ptr<asio::io_context> context_;  // may hold timers in handlers: goes before them
};

// Calls back once after a delay, on a clock that counts suspend: a machine that slept past the due
// time sees it fire within 10 s of waking. Destroying or re-arming it forgets the earlier call: a
// forgotten handler is never run. It may be destroyed or re-armed from within its handler.
class Timer {
 public:
  explicit Timer(Loop& loop) : loop_(loop) {}  // the loop outlives it
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // A delay of zero or less: the next turn of the loop.
  void after(base::Duration delay, std::function<void()> handler);
  void cancel();
  bool is_armed() const { return key_.has_value(); }

 private:
  friend class Loop;

  Loop& loop_;
  std::optional<Loop::TimerKey> key_;  // while it is armed
  std::function<void()> handler_;
};

// Calls `handler(signal_number)` on the loop for each of the signals that arrives, instead of what
// the signal would do otherwise.
class Signals {
 public:
  Signals(Loop& loop, std::function<void(int)> handler, std::initializer_list<int> signals);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the wait under way
};

}  // namespace mm::net
