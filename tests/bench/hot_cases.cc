// SPDX-License-Identifier: MIT
#include "bench/hot_cases.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "router/bridge.h"
#include "transport/slices.h"
#include "wire/conduit.h"

namespace mm::bench {
namespace {

using base::Bytes;
using Round = std::function<void()>;

constexpr size_t kPingBytes = 64;
constexpr size_t kBulkBytes = 1 << 20;
constexpr size_t kReceivedPieceBytes = 64 << 10;  // what gRPC reads into

Bytes text(size_t bytes) { return Bytes::copy_of(std::string(bytes, 'x')); }

// ---- codec: a frame to gRPC's message and back

// Of a connection that runs for a while: its numbers take as many bytes as they will.
wire::Frame data_frame(std::vector<Bytes> data) {
  wire::Frame frame;
  frame.offset = 5'000'000'000;
  frame.received = 6'000'000'000;
  frame.limit = 6'016'777'216;
  frame.data = std::move(data);
  return frame;
}

Round encode(size_t bytes) {
  return [data = text(bytes)] {
    const auto message = transport::to_byte_buffer(wire::encode(data_frame({data})));
    MM_CHECK(message.Length() > data.size());
  };
}

Round decode(size_t bytes) {
  std::vector<Bytes> pieces;
  for (size_t left = bytes; left > 0; left -= pieces.back().size()) {
    pieces.push_back(text(std::min(left, kReceivedPieceBytes)));
  }
  const auto message = transport::to_byte_buffer(wire::encode(data_frame(std::move(pieces))));
  return [message, bytes] {
    const auto frame = wire::decode(transport::to_bytes(message));
    MM_CHECK(frame.ok() && frame->data_bytes() == bytes);
  };
}

// ---- conduit: both ends of one, with nothing between them

struct Pair {
  wire::Budget budget;
  wire::Conduit connect{budget};
  wire::Conduit share{budget};
  base::TimePoint now{};

  Pair() {
    connect.attach(0);
    share.attach(0);
    MM_CHECK(carry(connect, share) && carry(share, connect));
  }

  // One frame, if there is one; what it brings is delivered at once.
  bool carry(wire::Conduit& from, wire::Conduit& to) {
    auto frame = from.next_frame(now);
    if (!frame) return false;
    MM_CHECK(to.on_frame(*std::move(frame), now).ok());
    while (!to.inbox().empty()) to.on_delivered(to.inbox().front().size(), now);
    return true;
  }

  // As much as credit allows, a block at a time, until all is there and acknowledged.
  void bulk(const Bytes& block) {
    for (size_t left = kBulkBytes; left > 0 || connect.unsent_bytes() > 0;) {
      const size_t bytes = std::min({left, block.size(), connect.readable_bytes()});
      if (bytes > 0) connect.on_local_bytes(block.slice(0, bytes));
      left -= bytes;
      const bool is_sent = carry(connect, share);
      if (!carry(share, connect) && !is_sent) now += wire::kAckDelay;
    }
    now += wire::kAckDelay;
    carry(share, connect);
  }

  void ping_pong(const Bytes& ping) {
    connect.on_local_bytes(ping);
    MM_CHECK(carry(connect, share));
    share.on_local_bytes(ping);
    MM_CHECK(carry(share, connect));
  }
};

Round conduit_ping_pong() {
  return [pair = std::make_shared<Pair>(), ping = text(kPingBytes)] { pair->ping_pong(ping); };
}

Round conduit_bulk() {
  return
      [pair = std::make_shared<Pair>(), block = text(wire::kDataBytesMax)] { pair->bulk(block); };
}

// ---- bridge: two lanes joined in the router

// Its operations come back when the case says so.
class HeldLane final : public router::Lane {
 public:
  void admit() override {}
  void cancel() override { reader_.reset(); }  // it holds the bridge, which holds us
  void read(std::shared_ptr<Listener> listener) override { reader_ = std::move(listener); }

  void receive(const grpc::ByteBuffer& message) {
    message_ = message;
    std::exchange(reader_, nullptr)->on_read(*this, true);
  }

  void complete_write() {
    write_completed();
    std::exchange(writer_, nullptr)->on_written(*this, true);
  }

 private:
  void start_write(const grpc::ByteBuffer&, std::shared_ptr<Listener> listener) override {
    writer_ = std::move(listener);
  }
  void start_finish(const base::Status&) override {}

  std::shared_ptr<Listener> reader_;
  std::shared_ptr<Listener> writer_;
};

struct Joined {
  std::shared_ptr<HeldLane> share = std::make_shared<HeldLane>();
  std::shared_ptr<HeldLane> connect = std::make_shared<HeldLane>();
  std::shared_ptr<router::Bridge> bridge = std::make_shared<router::Bridge>(
      share, connect, std::make_shared<router::Traffic>(), [](auto, auto) {});

  Joined() { bridge->start(); }
  ~Joined() { bridge->cancel(); }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;
};

// One message each way.
Round bridge(size_t bytes) {
  const auto message = transport::to_byte_buffer(wire::encode(data_frame({text(bytes)})));
  return [joined = std::make_shared<Joined>(), message] {
    joined->connect->receive(message);
    joined->share->complete_write();
    joined->share->receive(message);
    joined->connect->complete_write();
  };
}

constexpr HotCase kCases[] = {
    {"encode_64", [] { return encode(kPingBytes); }},
    {"encode_256k", [] { return encode(wire::kDataBytesMax); }},
    {"decode_64", [] { return decode(kPingBytes); }},
    {"decode_256k", [] { return decode(wire::kDataBytesMax); }},
    {"conduit_ping_pong", conduit_ping_pong},
    {"conduit_bulk", conduit_bulk},
    {"bridge_64", [] { return bridge(kPingBytes); }},
    {"bridge_256k", [] { return bridge(wire::kDataBytesMax); }},
};

}  // namespace

std::span<const HotCase> hot_cases() { return kCases; }

}  // namespace mm::bench
