// SPDX-License-Identifier: MIT
// `mindmeld connect`: wiring and loop. Called by cli.
#pragma once

#include "base/exit_code.h"
#include "config/config.h"

namespace mm::connect {

// Listens for the services until a signal; with `-`, until that one connection has ended. Blocks.
base::ExitCode run(const config::ConnectConfig& config);

}  // namespace mm::connect
