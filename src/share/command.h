// SPDX-License-Identifier: MIT
// `mindmeld share`: wiring and loop. Called by cli.
#pragma once

#include "base/exit_code.h"
#include "config/config.h"

namespace mm::share {

// Offers the services until a signal, or until none of them can be had. Blocks.
base::ExitCode run(const config::ShareConfig& config);

}  // namespace mm::share
