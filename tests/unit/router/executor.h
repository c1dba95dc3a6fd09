// SPDX-License-Identifier: MIT
// Where the bridge's tests run what gRPC and the loop would run: in an order that a seed chooses,
// or on real threads.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "unit/seeded_random.h"

namespace mm::test {

class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(std::function<void()> task) = 0;
};

// Runs nothing by itself. In the order of posts, as a loop; or in any, as the operations of one
// call come back from gRPC.
class SteppedExecutor final : public Executor {
 public:
  enum class Order { kAsPosted, kAny };

  explicit SteppedExecutor(Order order) : order_(order) {}

  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }

  bool is_empty() const { return tasks_.empty(); }

  // Require: !is_empty().
  void run_one(SeededRandom& random) {
    const size_t index = order_ == Order::kAny ? random.below(tasks_.size()) : 0;
    const auto place = tasks_.begin() + static_cast<std::ptrdiff_t>(index);
    const std::function<void()> task = std::move(*place);
    tasks_.erase(place);
    task();
  }

 private:
  const Order order_;
  std::deque<std::function<void()>> tasks_;
};

// One thread that runs tasks as they are posted, until it is destroyed; what is left then is run.
class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : thread_([this] { run(); }) {}

  ~ThreadExecutor() override {
    post(nullptr);
    thread_.join();
  }

  void post(std::function<void()> task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

 private:
  void run() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !tasks_.empty(); });
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      if (!task) return;
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace mm::test
