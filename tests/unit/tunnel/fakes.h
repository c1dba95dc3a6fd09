// SPDX-License-Identifier: MIT
// A local connection and a lane that a test plays by hand, in memory.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "net/loop.h"
#include "net/stream.h"
#include "wire/frame.h"
#include "wire/lane.h"

namespace mm::test {

// What the test does to, and sees of, a FakeStream. Outlives it.
struct LocalSide {
  std::string incoming;                             // what the application sent and nobody read
  bool ended = false;                               // the application ended its direction
  bool was_reset = false;                           // the application reset the connection
  size_t room = SIZE_MAX;                           // bytes that the application's side still takes
  size_t unacknowledged = 0;                        // what the kernel says
  std::string outgoing;                             // what the tunnel wrote
  bool saw_end = false;                             // the tunnel ended its direction
  bool saw_reset = false;                           // the tunnel reset the connection
  bool is_gone = false;                             // the tunnel dropped it
  std::function<void()> readable, writable, reset;  // armed waits

  static void fire(std::function<void()>& wait) {
    if (wait) std::exchange(wait, nullptr)();
  }
};

class FakeStream final : public net::Stream {
 public:
  explicit FakeStream(LocalSide& side) : side_(side) {}
  ~FakeStream() override {
    side_.is_gone = true;
    side_.readable = side_.writable = side_.reset = nullptr;
  }

  ReadResult read(size_t most_bytes) override {
    ReadResult result;
    if (!side_.incoming.empty()) {
      result.kind = ReadResult::Kind::kBytes;
      result.bytes = base::Bytes::copy_of(side_.incoming.substr(0, most_bytes));
      side_.incoming.erase(0, most_bytes);
      result.is_all = side_.incoming.empty() && !side_.ended && !side_.was_reset;
    } else if (side_.was_reset) {
      result.kind = ReadResult::Kind::kReset;
    } else if (side_.ended) {
      result.kind = ReadResult::Kind::kEnd;
    }
    return result;
  }
  base::StatusOr<size_t> write(std::span<const base::Bytes> pieces) override {
    if (side_.was_reset) return base::error(base::Code::kAborted, "reset");
    size_t total = 0;
    for (const base::Bytes& piece : pieces) {
      const size_t part = std::min(piece.size(), side_.room);
      side_.outgoing += piece.text().substr(0, part);
      side_.room -= part;
      total += part;
      if (part < piece.size()) break;
    }
    return total;
  }
  base::Status shutdown_write() override {
    side_.saw_end = true;
    return side_.was_reset ? base::error(base::Code::kAborted, "reset") : absl::OkStatus();
  }
  void wait_readable(std::function<void()> handler) override {
    side_.readable = std::move(handler);
  }
  void wait_writable(std::function<void()> handler) override {
    side_.writable = std::move(handler);
  }
  void wait_reset(std::function<void()> handler) override { side_.reset = std::move(handler); }
  size_t unacknowledged_bytes() const override { return side_.unacknowledged; }
  void reset() override { side_.saw_reset = true; }

 private:
  LocalSide& side_;
};

// What the test does to, and sees of, a FakeLane. Outlives it.
struct LaneSide {
  uint64_t generation = 0;
  std::deque<wire::Frame> written;
  bool busy = false;  // a write was not answered
  bool half_closed = false;
  bool is_gone = false;
  wire::Lane::Listener* listener = nullptr;

  // Lets the write through, and says so.
  void answer_write() {
    busy = false;
    listener->on_written();
  }
  void deliver(wire::Frame frame) {
    const wire::EncodedFrame encoded = wire::encode(std::move(frame));
    std::vector<base::Bytes> message = encoded.payload;
    message.insert(message.begin(),
                   base::Bytes::copy_of(std::span(encoded.header).first(encoded.header_bytes)));
    listener->on_message(std::move(message));
  }
};

class FakeLane final : public wire::Lane {
 public:
  FakeLane(LaneSide& side, Listener& listener) : side_(side) { side_.listener = &listener; }
  ~FakeLane() override { side_.is_gone = true; }

  void write(wire::EncodedFrame encoded) override {
    MM_CHECK(!side_.busy && !side_.half_closed);
    std::vector<base::Bytes> message = encoded.payload;
    message.insert(message.begin(),
                   base::Bytes::copy_of(std::span(encoded.header).first(encoded.header_bytes)));
    side_.written.push_back(*wire::decode(message));
    side_.busy = true;
  }
  void write_last(wire::EncodedFrame encoded) override {
    write(std::move(encoded));
    side_.busy = false;
    side_.half_closed = true;
  }
  void half_close() override { side_.half_closed = true; }

 private:
  LaneSide& side_;
};

}  // namespace mm::test
