// SPDX-License-Identifier: MIT
// SeenTokens: the tokens that a share was told of lately, so that each is dialled once, however
// often the router announces it.
#pragma once

#include <deque>
#include <unordered_set>

#include "base/clock.h"
#include "base/token.h"

namespace mm::share {

class SeenTokens {
 public:
  explicit SeenTokens(const base::Clock& clock) : clock_(clock) {}

  // False: it was here within the last quarter of an hour.
  bool insert(const base::Token& token);

  size_t size() const { return tokens_.size(); }

 private:
  struct Seen {
    base::TimePoint until;
    base::Token token;
  };

  const base::Clock& clock_;  // borrowed: outlives us
  std::deque<Seen> order_;
  std::unordered_set<base::Token> tokens_;
};

}  // namespace mm::share
