// SPDX-License-Identifier: MIT
// The loop: owns all state of a process's mode, and runs one handler after the other, so that
// there is nothing to lock. Other threads may call post() and stop() and nothing else. Wraps Asio,
// whose headers only net/*.cc and net/asio.h see.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "net/read_block.h"

namespace asio {
class io_context;
}

namespace mm::net {

class Timer;

// What a loop waits for beside its sockets, and which is no descriptor: gRPC's completion queue.
class Waiter {
 public:
  virtual ~Waiter() = default;

  // Returns once something came (true), once it was woken, or after `most`.
  virtual bool wait(base::Duration most) = 0;

  // Handles what came. Require: wait() has just returned true.
  virtual void take() = 0;

  // Ends wait(), or the next one if none is under way. From any thread.
  virtual void wake() = 0;
};

class Loop {
 public:
  Loop();

  // A thread can wait in one place only. This loop has two, which take turns: the one that calls
  // run() waits for `waiter`, which outlives it, and another for sockets. Who wakes handles what
  // came while it holds the turn, on the spot: to hand it to the other would cost a change of
  // threads for each byte that is typed.
  explicit Loop(Waiter& waiter);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs handlers until stop(). Handlers that were posted and not run are dropped,
  // unrun, when the loop is destroyed. May be called again after it returned.
  void run();

  // Makes run() return after the handler that it is in; if it is not running, its next call
  // returns at once. From any thread.
  void stop();

  // Runs `handler` later, never from within this call. From any thread. Order of posts from one
  // thread is kept.
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
  class Turn;

  // Due time, then order of arming.
  using TimerKey = std::pair<base::TimePoint, uint64_t>;

  TimerKey arm(Timer& timer, base::TimePoint due);
  void fire();  // the timers that are due
  void work();
  void wait_for_both();
  void wait_for_waiter(Turn& turn);
  template <typename Handler>
  void take_turn(Handler handler);  // asio.h
  void wake();
  base::Duration time_left() const;  // until the next timer is due

  const std::unique_ptr<const base::Clock> own_clock_;  // null: a test's
  const base::Clock* const clock_;
  Waiter* const waiter_;  // null: it waits for sockets alone
  ReadBlock read_block_;
  std::map<TimerKey, Timer*> timers_;
  uint64_t armed_count_ = 0;
  std::mutex turn_;
  std::atomic<std::thread::id> turn_holder_{};
  std::atomic<bool> is_waiting_{false};  // for the waiter
  base::TimePoint waiting_until_{};
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
