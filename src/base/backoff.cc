// SPDX-License-Identifier: MIT
#include "base/backoff.h"

#include <algorithm>

namespace mm::base {

Duration Backoff::next(TimePoint now) {
  if (step_ == Duration::zero()) {
    since_ = now;
    step_ = limits_.first;
  } else {
    const bool patient = now - since_ >= limits_.patience;
    step_ = std::min(step_ * 2, patient ? limits_.most_later : limits_.most);
  }
  return Duration(1 + static_cast<int64_t>(random_.below(static_cast<uint64_t>(step_.count()))));
}

void Backoff::reset() { step_ = Duration::zero(); }

}  // namespace mm::base
