// SPDX-License-Identifier: MIT
#include "share/seen_tokens.h"

namespace mm::share {
namespace {

// Longer than a token lives at the router, used or not (PROTOCOL.md, section 1).
constexpr base::Duration kRemembered = std::chrono::minutes(15);

}  // namespace

bool SeenTokens::insert(const base::Token& token) {
  const base::TimePoint now = clock_.now();
  while (!order_.empty() && order_.front().until <= now) {
    tokens_.erase(order_.front().token);
    order_.pop_front();
  }
  if (!tokens_.insert(token).second) return false;
  order_.push_back({now + kRemembered, token});
  return true;
}

}  // namespace mm::share
