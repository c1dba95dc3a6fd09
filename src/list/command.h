// SPDX-License-Identifier: MIT
// `mindmeld list`: asks the router, once or again and again, and prints a table or JSON. Called by
// cli.
#pragma once

#include "base/exit_code.h"
#include "config/config.h"

namespace mm::list {

base::ExitCode run(const config::ListConfig& config);

}  // namespace mm::list
