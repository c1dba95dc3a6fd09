// SPDX-License-Identifier: MIT
// `mindmeld share`: wiring and loop. Called by cli.
#pragma once

#include "base/exit_code.h"
#include "config/config.h"
#include "config/resolve.h"

namespace mm::share {

// Offers the services until a signal, or until one of them cannot be had. On SIGHUP it goes on with
// what `reread` says. Blocks.
base::ExitCode run(const config::ShareConfig& config,
                   const config::Reread<config::ShareConfig>& reread);

}  // namespace mm::share
