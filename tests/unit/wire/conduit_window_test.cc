// SPDX-License-Identifier: MIT
#include <algorithm>

#include "unit/wire/attached.h"

using namespace mm::test;
using namespace mm::wire;
using namespace std::chrono_literals;
using mm::base::Bytes;
using mm::base::Duration;
using mm::base::TimePoint;

namespace {

constexpr Duration kLong = 100ms;

// The peer sends as much as it may, which is here `round_trip` after it was told so, and then the
// application takes it all. The new limit.
uint64_t fill_and_drain(Conduit& conduit, uint64_t& sent, uint64_t limit, TimePoint& now,
                        Duration round_trip = kLong) {
  now += round_trip;
  while (sent < limit) {
    const uint64_t part = std::min<uint64_t>(limit - sent, kDataBytesMax);
    REQUIRE(conduit.on_frame(data_frame(sent, part), now).ok());
    sent += part;
  }
  for (const Bytes& piece : std::vector(conduit.inbox().begin(), conduit.inbox().end())) {
    conduit.on_delivered(piece.size(), now);
  }
  const auto frame = conduit.next_frame(now);
  REQUIRE(frame);
  REQUIRE(frame->limit);
  return *frame->limit;
}

}  // namespace

TEST_CASE("conduit: the window is 16 KiB, then 256 KiB, then doubles while it stops the peer") {
  Attached end;
  uint64_t sent = 0;
  uint64_t limit = kFloorBytes;
  TimePoint now = kStart;
  std::vector<uint64_t> windows{kFloorBytes};
  while (windows.back() < kWindowBytesMax) {
    limit = fill_and_drain(end.conduit, sent, limit, now);
    const uint64_t window = limit - sent;
    if (window != windows.back()) windows.push_back(window);
    CHECK((window <= kFirstWindowBytes || window <= sent));  // no more than was taken
  }
  CHECK(windows[1] == kFirstWindowBytes);
  for (size_t i = 2; i < windows.size(); ++i) CHECK(windows[i] == 2 * windows[i - 1]);
  CHECK(sent < 4 * kWindowBytesMax);  // a few round trips
  CHECK(end.budget.used_bytes() == kWindowBytesMax - kFloorBytes);
}

TEST_CASE("conduit: the window is what 20 Gbit/s have a use for, 2 MiB at least, 32 at most") {
  struct Way {
    Duration round_trip;
    uint64_t window_bytes;
  };
  for (const Way& way :
       {Way{10us, 2 << 20}, Way{800us, 2 << 20}, Way{4ms, 10'000'000}, Way{10s, 32 << 20}}) {
    Attached end;
    uint64_t sent = 0;
    uint64_t limit = kFloorBytes;
    TimePoint now = kStart;
    while (sent < 4 * kWindowBytesMax) {
      limit = fill_and_drain(end.conduit, sent, limit, now, way.round_trip);
    }
    CHECK(limit - sent == way.window_bytes);
  }
}

TEST_CASE("conduit: a new lane may go a longer way, and its window grows again") {
  Attached end;
  uint64_t sent = 0;
  uint64_t limit = kFloorBytes;
  TimePoint now = kStart;
  const auto window_after = [&](Duration round_trip) {
    const uint64_t most = sent + 4 * kWindowBytesMax;
    while (sent < most) limit = fill_and_drain(end.conduit, sent, limit, now, round_trip);
    return limit - sent;
  };
  CHECK(window_after(1ms) == 2'500'000);
  CHECK(window_after(kLong) == 2'500'000);  // the same lane: it is the other end that is slower
  const auto move = [&](uint64_t generation) {
    end.conduit.detach();
    end.conduit.greeting(generation);
    end.conduit.attach(generation);
    Frame answer = attach_frame();
    answer.attach->generation = generation;
    REQUIRE(end.conduit.on_frame(answer, now).ok());
  };
  move(1);
  CHECK(window_after(1ms) == 2'500'000);  // not longer after all
  move(2);
  CHECK(window_after(kLong) == kWindowBytesMax);
}

TEST_CASE("conduit: a window that lasts for more than a few round trips stays as it is") {
  Attached end;
  uint64_t sent = 0;
  uint64_t limit = kFloorBytes;
  TimePoint now = kStart;
  for (const Duration round_trip : {1ms, 1ms, 10ms, 10ms, 10ms, 10ms, 10ms, 10ms}) {
    limit = fill_and_drain(end.conduit, sent, limit, now, round_trip);
  }
  CHECK(limit - sent == 2 * kFirstWindowBytes);
  limit = fill_and_drain(end.conduit, sent, limit, now, 9ms);  // 4 of them and 5 ms
  CHECK(limit - sent == 4 * kFirstWindowBytes);
}

TEST_CASE("conduit: on a long line the window grows past another one that stops the peer first") {
  constexpr uint64_t kLineBytesPerMs = 125'000;
  constexpr uint64_t kOtherWindowBytes = 14 << 20;  // HTTP/2's, which grows with what passes
  Attached end;
  struct Told {
    TimePoint at;
    uint64_t received = 0;
    uint64_t limit = kFloorBytes;
  };
  std::deque<Told> told{{}};                       // on its way to the peer; first what it knows
  std::deque<std::pair<TimePoint, size_t>> bytes;  // and from it
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t limit = kFloorBytes;
  for (TimePoint now = kStart; now < kStart + 5s; now += 1ms) {
    while (told.size() > 1 && told[1].at <= now) told.pop_front();
    const size_t part = std::min({told.front().limit - sent, kLineBytesPerMs,
                                  told.front().received + kOtherWindowBytes - sent});
    if (part > 0) bytes.emplace_back(now + 100ms, part);
    sent += part;
    for (; !bytes.empty() && bytes.front().first <= now; bytes.pop_front()) {
      REQUIRE(end.conduit.on_frame(data_frame(received, bytes.front().second), now).ok());
      received += bytes.front().second;
      end.conduit.on_delivered(bytes.front().second, now);
    }
    const auto frame = end.conduit.next_frame(now);
    if (frame && frame->limit) limit = *frame->limit;
    told.push_back({now + 100ms, received, limit});
  }
  CHECK(end.budget.used_bytes() == kWindowBytesMax - kFloorBytes);
}

TEST_CASE("conduit: two hundred that took a MiB and then nothing leave room for one that reads") {
  Budget budget;
  const auto window_after = [&budget](Conduit& conduit, uint64_t taken) {
    conduit.attach(0);
    REQUIRE(conduit.next_frame(kStart));
    REQUIRE(conduit.on_frame(attach_frame(), kStart).ok());
    uint64_t sent = 0;
    uint64_t limit = kFloorBytes;
    TimePoint now = kStart;
    while (sent < taken) limit = fill_and_drain(conduit, sent, limit, now);
    return limit - sent;
  };
  std::deque<Conduit> slow;
  for (int i = 0; i < 200; ++i) CHECK(window_after(slow.emplace_back(budget), 1 << 20) <= 1 << 20);
  Conduit fast(budget);
  CHECK(window_after(fast, 64 << 20) >= 4 << 20);
}

TEST_CASE("conduit: a used-up budget stops growth and leaves every conduit its floor") {
  Budget budget(0);
  Conduit conduit(budget);
  conduit.attach(0);
  REQUIRE(conduit.next_frame(kStart));
  Frame hello = attach_frame();
  hello.limit = 1 << 20;
  REQUIRE(conduit.on_frame(hello, kStart).ok());
  CHECK(conduit.readable_bytes() == kFloorBytes);
  REQUIRE(conduit.on_frame(data_frame(0, kFloorBytes), kStart).ok());
  conduit.on_delivered(kFloorBytes, kStart);
  const auto frame = conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->limit == 2 * kFloorBytes);
}

TEST_CASE("conduit: a conduit gives back what it took from the budget") {
  Budget budget;
  {
    Conduit conduit(budget);
    conduit.attach(0);
    REQUIRE(conduit.next_frame(kStart));
    Frame hello = attach_frame();
    hello.limit = 1 << 20;
    REQUIRE(conduit.on_frame(hello, kStart).ok());
    conduit.on_local_bytes(text(kFirstWindowBytes));
    CHECK(budget.used_bytes() == kFirstWindowBytes - kFloorBytes);
    REQUIRE(conduit.next_frame(kStart));
    Frame ack;
    ack.received = kFirstWindowBytes / 2;
    REQUIRE(conduit.on_frame(ack, kStart).ok());
  }
  CHECK(budget.used_bytes() == 0);
}

TEST_CASE(
    "conduit: what is kept for a peer is no more than it has acknowledged, whatever it grants") {
  Attached end;
  Frame credit;
  credit.limit = UINT64_MAX;
  REQUIRE(end.conduit.on_frame(credit, kStart).ok());
  CHECK(end.conduit.readable_bytes() == kFirstWindowBytes);
  uint64_t acknowledged = 0;
  while (acknowledged < 2 * kWindowBytesMax) {
    const size_t most = end.conduit.readable_bytes();
    CHECK(most == std::clamp(acknowledged, kFirstWindowBytes, kWindowBytesMax));
    end.conduit.on_local_bytes(text(most));
    CHECK(end.conduit.readable_bytes() == 0);
    while (end.conduit.next_frame(kStart)) {
    }
    acknowledged = end.conduit.sent_bytes();
    Frame frame;
    frame.received = acknowledged;
    REQUIRE(end.conduit.on_frame(std::move(frame), kStart).ok());
  }
}
