// SPDX-License-Identifier: MIT
// What a failed call to the router means for a command: try again, and when, or give up, and with
// which exit code. One for each thing that share, connect or list keeps trying.
#pragma once

#include <optional>

#include "base/backoff.h"
#include "base/exit_code.h"
#include "base/status.h"

namespace mm::transport {

class Retry {
 public:
  // `no_wait`: a router that is not there is final.
  Retry(base::Random& random, bool no_wait) : backoff_(random), no_wait_(no_wait) {}

  struct Decision {
    std::optional<base::Duration> again_after;  // nothing: give up with `exit_code`
    base::ExitCode exit_code = base::ExitCode::kDone;
  };

  Decision on_failure(const base::Status& status, base::TimePoint now);

  // It worked, or there is reason to think that it will now.
  void reset();

 private:
  base::Backoff backoff_;
  bool no_wait_;
  int strangers_ = 0;  // answers in a row that were not a mindmeld router's
};

}  // namespace mm::transport
