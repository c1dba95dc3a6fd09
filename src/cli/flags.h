// SPDX-License-Identifier: MIT
// The command line of one command, taken apart by the table of options. The one place that knows
// cxxopts.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cli/command.h"
#include "config/settings.h"

namespace mm::cli {

// `words` is what follows the command's name. Errors are one line each: a flag that is unknown
// (with the nearest known one), has no value, or is given twice though it has one value.
base::StatusOr<config::Arguments> parse_flags(const Command& command,
                                              const std::vector<std::string>& words);

}  // namespace mm::cli
