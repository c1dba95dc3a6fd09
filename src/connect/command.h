// SPDX-License-Identifier: MIT
// `mindmeld connect`: wiring and loop. Called by cli.
#pragma once

#include "base/exit_code.h"
#include "config/config.h"
#include "config/resolve.h"

namespace mm::connect {

// Listens for the services until a signal; with `-`, until that one connection has ended. On SIGHUP
// it goes on with what `reread` says. Blocks.
base::ExitCode run(const config::ConnectConfig& config,
                   const config::Reread<config::ConnectConfig>& reread);

}  // namespace mm::connect
