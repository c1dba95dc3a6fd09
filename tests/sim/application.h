// SPDX-License-Identifier: MIT
// One end of a forwarded connection, as its application sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "unit/seeded_random.h"
#include "unit/tunnel/fakes.h"

namespace mm::sim {

// What an application does with its connection.
struct Habits {
  uint64_t to_write = 0;   // bytes
  base::Duration every{};  // it writes one byte in so long; zero: any number at any time
  bool resets = false;     // at the end, in place of an end of stream
  uint64_t stalls_at = 0;  // bytes that it takes before it takes none
  uint64_t ends_at = 0;    // bytes that it takes before it ends, or resets
  bool answers = false;    // writes when it was told the other's end
  bool stays = false;      // does not end
};

class Application {
 public:
  // What it writes can be told by `tag` from what any other writes. Random outlives it.
  Application(test::SeededRandom& random, size_t tag, const Habits& habits)
      : random_(random), tag_(tag), habits_(habits) {}

  std::unique_ptr<net::Stream> connect() { return std::make_unique<test::FakeStream>(side_); }

  // Takes no byte until then, but for the first ones.
  void stall_until(base::TimePoint time) { stalled_until_ = time; }

  // Writes some of it, ends, or does nothing this time.
  void write(base::TimePoint now);

  // Takes some of what came. False: something in it is not what `peer` wrote at that place.
  bool read(base::TimePoint now, const Application& peer);

  uint64_t got() const { return got_; }
  uint64_t written() const { return written_; }
  bool has_ended() const { return side_.ended; }
  bool was_told_end() const { return side_.saw_end && side_.outgoing.empty(); }
  bool was_reset() const { return side_.saw_reset || side_.was_reset; }
  bool is_over() const { return side_.is_gone; }

  // How it ended, and with how many bytes; who resets has no use for any.
  std::string fate() const;

  // The longest that a byte was on its way, of those that were written one by one.
  base::Duration longest_wait() const { return longest_wait_; }

 private:
  char byte_at(uint64_t offset) const;
  uint64_t writable_now(base::TimePoint now);
  void end_if_due();
  void tell();

  test::SeededRandom& random_;
  const size_t tag_;
  const Habits habits_;
  test::LocalSide side_;
  uint64_t written_ = 0;
  uint64_t got_ = 0;
  bool is_closed_ = false;
  base::TimePoint stalled_until_{};
  base::TimePoint next_write_{};
  std::vector<base::TimePoint> write_times_;  // of each byte, where it is one at a time
  base::Duration longest_wait_{};
};

}  // namespace mm::sim
