// SPDX-License-Identifier: MIT
#include "share/tombstones.h"

#include <utility>

namespace mm::share {

void Tombstones::add(const base::Token& token, Tombstone tombstone) {
  forget_old();
  if (!tombstones_.insert_or_assign(token, std::move(tombstone)).second) return;
  order_.push_back({clock_.now() + life_, token});
}

Tombstone* Tombstones::find(const base::Token& token) {
  forget_old();
  const auto found = tombstones_.find(token);
  return found == tombstones_.end() ? nullptr : &found->second;
}

void Tombstones::forget_old() {
  const base::TimePoint now = clock_.now();
  while (!order_.empty() && order_.front().time <= now) {
    tombstones_.erase(order_.front().token);
    order_.pop_front();
  }
}

}  // namespace mm::share
