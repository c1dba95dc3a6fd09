// SPDX-License-Identifier: MIT
// The loop: one thread that owns all state of a process's mode. Other threads may call post() and
// stop() and nothing else. Wraps Asio, whose headers only net/*.cc and net/asio.h see.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace asio {
class io_context;
}

namespace mm::net {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs handlers on this thread until stop(). Handlers that were posted and not run are dropped,
  // unrun, when the loop is destroyed.
  void run();
  void stop();  // from any thread

  // Runs `handler` on the loop thread, never from within this call. From any thread. Order of
  // posts from one thread is kept.
  void post(std::function<void()> handler);

  const base::Clock& clock() const { return clock_; }

  asio::io_context& context() { return *context_; }  // for net/*.cc

 private:
  base::SystemClock clock_;
  std::unique_ptr<asio::io_context> context_;
};

// Calls back once after a delay. Destroying or re-arming it forgets the earlier call: a forgotten
// handler is never run.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();

  void after(base::Duration delay, std::function<void()> handler);
  void cancel();
  bool is_armed() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Calls `handler(signal_number)` on the loop for each of the signals that arrives.
class Signals {
 public:
  Signals(Loop& loop, std::function<void(int)> handler, std::initializer_list<int> signals);
  ~Signals();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mm::net
