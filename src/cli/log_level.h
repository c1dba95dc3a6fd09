// SPDX-License-Identifier: MIT
// How much is logged, from MINDMELD_LOG, -v and -q.
#pragma once

#include "base/status.h"
#include "config/settings.h"
#include "ops/log.h"

namespace mm::cli {

// MINDMELD_LOG, or else warn, with -q error; with -v at least info, twice at least debug. An error
// says which levels there are.
base::StatusOr<ops::Level> log_level(const config::Environment& environment, int verbosity);

}  // namespace mm::cli
