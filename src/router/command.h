// SPDX-License-Identifier: MIT
// `mindmeld router`: runs a router until a signal ends it.
#pragma once

#include "base/exit_code.h"
#include "config/config.h"

namespace mm::router {

// kUsage: the TLS files. kCannotListen. kDone after SIGTERM, kInterrupted after SIGINT; within 8 s
// of the first signal in any case, and at once on a second.
base::ExitCode run(const config::RouterConfig& config);

}  // namespace mm::router
