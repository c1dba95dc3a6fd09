// SPDX-License-Identifier: MIT
// Two conduits, a link between them and an application at each end, on a virtual clock under one
// seed. Each step does one thing that could happen next and then checks the invariants of
// PROTOCOL.md. The link loses lanes, with any of what is in flight on them; or the ends open the
// next lane while the one before goes on, and leave it each in its own time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sim/ledger.h"
#include "unit/seeded_random.h"
#include "wire/conduit.h"

namespace mm::sim {

struct Plan {
  std::array<uint64_t, 2> bytes{};  // that each application sends before its FIN
  std::array<bool, 2> resets{};     // ends with a reset in place of the FIN
  uint64_t cut_one_in = 0;          // steps; 0: never
  uint64_t cuts_most = 0;
  std::optional<uint64_t> cut_at{};  // once, when so many bytes of frames have arrived
  bool lanes_overlap = false;        // a cut lane goes on until its ends have met on the next
  std::array<uint64_t, 2> budget_bytes{64 << 20, 64 << 20};  // of each end
  uint64_t latency_most = 50'000;                            // of a message, in microseconds
  uint64_t write_most = 300'000;                             // bytes at once, by an application
  bool slow_readers = false;  // applications that take little, and at times nothing
};

Plan random_plan(test::SeededRandom& random);

// What can happen next.
enum class Action : uint8_t { kWrite, kRead, kSend, kReceive, kTime, kCut };
struct Step {
  Action action;
  size_t index = 0;  // of the end that acts
};

struct Outcome {
  bool both_done = false;     // both conduits ended in order
  bool was_reset = false;     // one application reset, and the other saw it
  uint64_t trace = 0;         // of all that happened, in order
  uint64_t frame_bytes = 0;   // that arrived
  uint64_t resent_bytes = 0;  // that the peer had already
  std::array<uint64_t, 2> delivered{};
};

class ConduitWorld {
 public:
  ConduitWorld(uint64_t seed, const Plan& plan);

  // Runs until both ends are over, with these steps first. The failed invariant as text, or empty.
  std::string run(Outcome& outcome, std::span<const Step> first = {});

 private:
  struct Message {
    base::TimePoint arrives;
    std::vector<base::Bytes> bytes;
  };

  struct End {
    explicit End(uint64_t budget_bytes) : budget(budget_bytes), conduit(budget) {}
    wire::Budget budget;
    wire::Conduit conduit;
    std::deque<Message> incoming;      // on the way to this end, on the newest lane
    std::deque<Message> late;          // on the lane that this end has not left yet
    std::optional<uint64_t> lane = 0;  // the generation of the one it is on
    bool late_is_cut = false;          // nothing more can come on that one
    uint64_t written = 0;              // by its application
    bool closed = false;               // its application sent FIN or reset
    uint64_t got = 0;                  // by its application
    bool got_end = false;
    bool got_reset = false;
    Ledger ledger;
  };

  Step random_step();
  void act(Step step);
  void application_writes(End& end, size_t index);
  void application_reads(End& end, size_t index);
  void send(End& end, size_t index);
  void post(wire::Frame frame, size_t from, uint64_t lane);
  void receive(End& end, size_t index);
  std::optional<Message> next_message(End& end);
  void cut();
  bool advance_time();
  void check_invariants();
  bool is_over(size_t index) const;
  void fail(const std::string& what);
  void note(uint64_t value);  // into the trace
  uint8_t byte_at(size_t from, uint64_t offset) const;

  test::SeededRandom random_;
  Plan plan_;
  base::TimePoint now_{};
  std::array<std::unique_ptr<End>, 2> ends_;
  uint64_t generation_ = 0;
  uint64_t cuts_ = 0;
  Outcome outcome_;
  std::string failure_;
};

}  // namespace mm::sim
