// SPDX-License-Identifier: MIT
// A lane that behaves as a gRPC call does, and fails the test where gRPC would abort: a second read
// or write while one is outstanding, a finish during a write or twice. Its operations come back on
// an executor. Thread-safe.
#pragma once

#include <doctest/doctest.h>
#include <grpcpp/support/slice.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "router/lane.h"
#include "unit/router/executor.h"

namespace mm::test {

inline grpc::ByteBuffer to_buffer(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

inline std::string to_text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  buffer.Dump(&slices);
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

class FakeLane final : public router::Lane, public std::enable_shared_from_this<FakeLane> {
 public:
  using Over = std::function<void(FakeLane&, bool was_lost)>;

  // `over` runs on the executor, once.
  FakeLane(Executor& executor, Over over) : executor_(executor), over_(std::move(over)) {}

  // --- the end that opened the lane ---

  void send(const std::string& message) {
    const std::lock_guard lock(mutex_);
    if (!is_broken_) sent_.push_back(message);
    continue_read();
  }

  void half_close() {
    const std::lock_guard lock(mutex_);
    is_half_closed_ = true;
    continue_read();
  }

  // The connection is lost, or the end cancels.
  void break_off() {
    const std::lock_guard lock(mutex_);
    is_broken_ = true;
    sent_.clear();
    continue_read();
    continue_write();
    report_over();
  }

  // It reads no more: a write that is begun now does not end.
  void stop_reading() {
    const std::lock_guard lock(mutex_);
    is_stuck_ = true;
  }

  std::vector<std::string> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }

  // What it was finished with, unless it was broken off before.
  std::optional<base::Code> finished() const {
    const std::lock_guard lock(mutex_);
    return finished_;
  }

  // --- what the bridge sees ---

  void admit() override {}

  void read(std::shared_ptr<Listener> listener) override {
    const std::lock_guard lock(mutex_);
    CHECK(!reader_);
    reader_ = std::move(listener);
    continue_read();
  }

  void cancel() override { break_off(); }

 private:
  void start_write(const grpc::ByteBuffer& message, std::shared_ptr<Listener> listener) override {
    const std::lock_guard lock(mutex_);
    CHECK(!writer_);
    CHECK(!finished_);
    writer_ = std::move(listener);
    written_ = to_text(message);
    continue_write();
  }

  void start_finish(const base::Status& status) override {
    const std::lock_guard lock(mutex_);
    CHECK(!writer_);
    CHECK(!finished_);
    finished_ = status.code();
    continue_read();
    report_over();
  }

  // Each: posts the completion of what is outstanding, once, when it has come to its end.
  void continue_read() {
    const bool ends = is_half_closed_ || is_broken_ || finished_;
    if (!reader_ || is_read_posted_ || (sent_.empty() && !ends)) return;
    is_read_posted_ = true;
    executor_.post([self = shared_from_this()] { self->complete_read(); });
  }

  void continue_write() {
    if (!writer_ || is_write_posted_ || (is_stuck_ && !is_broken_)) return;
    is_write_posted_ = true;
    executor_.post([self = shared_from_this()] { self->complete_write(); });
  }

  void report_over() {
    if (is_over_posted_) return;
    is_over_posted_ = true;
    executor_.post(
        [self = shared_from_this(), was_lost = !finished_] { self->over_(*self, was_lost); });
  }

  void complete_read() {
    std::shared_ptr<Listener> listener;
    bool ok = false;
    {
      const std::lock_guard lock(mutex_);
      is_read_posted_ = false;
      listener = std::move(reader_);
      ok = !sent_.empty();
      if (ok) {
        message_ = to_buffer(sent_.front());
        sent_.pop_front();
      }
    }
    listener->on_read(*this, ok);
  }

  void complete_write() {
    std::shared_ptr<Listener> listener;
    bool ok = false;
    {
      const std::lock_guard lock(mutex_);
      is_write_posted_ = false;
      listener = std::move(writer_);
      ok = !is_broken_;
      if (ok) received_.push_back(written_);
    }
    write_completed();
    listener->on_written(*this, ok);
  }

  Executor& executor_;
  const Over over_;

  mutable std::mutex mutex_;
  std::deque<std::string> sent_;
  std::vector<std::string> received_;
  std::string written_;
  std::shared_ptr<Listener> reader_;
  std::shared_ptr<Listener> writer_;
  bool is_half_closed_ = false;
  bool is_broken_ = false;
  bool is_stuck_ = false;
  bool is_read_posted_ = false;
  bool is_write_posted_ = false;
  bool is_over_posted_ = false;
  std::optional<base::Code> finished_;
};

}  // namespace mm::test
