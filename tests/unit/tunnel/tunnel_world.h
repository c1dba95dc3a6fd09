// SPDX-License-Identifier: MIT
// One tunnel between a fake application and fake lanes, at a time of the test's own.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "tunnel/tunnel.h"
#include "unit/manual_clock.h"
#include "unit/seeded_random.h"
#include "unit/tunnel/fakes.h"

namespace mm::test {

inline wire::Frame hello() {
  wire::Frame frame;
  frame.attach = wire::Attach{};
  frame.received = 0;
  frame.limit = wire::kFloorBytes;
  return frame;
}

inline wire::Frame data(uint64_t offset, std::string_view text) {
  wire::Frame frame;
  frame.offset = offset;
  if (!text.empty()) frame.data.push_back(base::Bytes::copy_of(text));
  return frame;
}

inline wire::Frame fin(uint64_t offset) {
  wire::Frame frame = data(offset, "");
  frame.fin = true;
  return frame;
}

inline wire::Frame received(uint64_t offset) {
  wire::Frame frame;
  frame.received = offset;
  return frame;
}

inline std::string text_of(const wire::Frame& frame) {
  std::string text;
  for (const base::Bytes& piece : frame.data) text += piece.text();
  return text;
}

struct TunnelWorld final : tunnel::Tunnel::Owner {
  ManualClock clock;
  net::Loop loop{clock};
  SeededRandom random{1};
  wire::Budget budget;
  const tunnel::Timing timing;
  LocalSide local;
  std::deque<LaneSide> lanes;  // each that was opened
  std::unique_ptr<tunnel::Tunnel> tunnel;
  std::optional<tunnel::Tunnel::Ending> ending;
  bool ended = false;
  std::optional<base::Status> refused;
  std::vector<std::string> told;

  TunnelWorld() {
    const tunnel::Tunnel::Context context{loop, random, budget, timing};
    tunnel = std::make_unique<tunnel::Tunnel>(context, *this, "0badcafe", "application");
  }

  void on_refused(tunnel::Tunnel&, const base::Status& status) override { refused = status; }
  void on_lane_lost(tunnel::Tunnel&, const base::Status&) override { told.emplace_back("lost"); }
  void on_lane_back(tunnel::Tunnel&) override { told.emplace_back("back"); }
  void on_move_asked(tunnel::Tunnel& asked) override { asked.move(); }
  void on_local_over(tunnel::Tunnel&, const tunnel::Tunnel::Ending& how) override { ending = how; }
  void on_ended(tunnel::Tunnel&) override { ended = true; }

  void attach() {
    tunnel->attach([this](uint64_t generation, wire::Lane::Listener& listener) {
      lanes.emplace_back();
      lanes.back().generation = generation;
      return std::make_unique<FakeLane>(lanes.back(), listener);
    });
  }
  void start() {
    tunnel->set_local(std::make_unique<FakeStream>(local));
    attach();
  }
  void start_and_greet() {
    start();
    lane().answer_write();
    lane().deliver(hello());
    lane().written.clear();
  }
  LaneSide& lane() { return lanes.back(); }
  // Answers writes until there is none.
  void drain() {
    while (lane().busy) lane().answer_write();
  }
  wire::Frame last_frame() {
    REQUIRE(!lane().written.empty());
    return lane().written.back();
  }
  void close_lane(const base::Status& status) { lane().listener->on_closed(status); }
  void lose_lane() { close_lane(base::error(base::Code::kUnavailable, "gone")); }
  void run() { loop.run_due(); }
  void pass(base::Duration time) {
    clock.time += time;
    run();
  }
  // The peer's first frame on the newest lane.
  void greet(uint64_t received, uint64_t generation) {
    drain();
    wire::Frame frame = hello();
    frame.attach->generation = generation;
    frame.received = received;
    lane().deliver(std::move(frame));
  }
};

}  // namespace mm::test
