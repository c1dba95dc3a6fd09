// SPDX-License-Identifier: MIT
// Tombstones: what a share remembers of the connections that it had, so that a token is dialled
// once, and a peer that comes back for one learns how it ended.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "base/token.h"
#include "wire/frame.h"

namespace mm::share {

struct Tombstone {
  uint64_t received = 0;             // as the last frame said
  std::optional<wire::Reset> reset;  // nothing: it ended in order
  uint64_t generation = 0;           // greater than that of any lane so far
};

class Tombstones {
 public:
  // Each is kept for `life`: as long as a peer may come back. The clock outlives it.
  Tombstones(const base::Clock& clock, base::Duration life) : clock_(clock), life_(life) {}

  void add(const base::Token& token, Tombstone tombstone);
  Tombstone* find(const base::Token& token);  // null: none, or no longer

  size_t size() const { return tombstones_.size(); }

 private:
  struct Due {
    base::TimePoint time;
    base::Token token;
  };

  void forget_old();

  const base::Clock& clock_;
  const base::Duration life_;
  std::deque<Due> order_;
  std::unordered_map<base::Token, Tombstone> tombstones_;
};

}  // namespace mm::share
