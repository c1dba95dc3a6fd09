// SPDX-License-Identifier: MIT
#include "cli/log_level.h"

#include <algorithm>

#include "base/text.h"
#include "config/usage_error.h"

namespace mm::cli {

using ops::Level;

base::StatusOr<Level> log_level(const config::Environment& environment, int verbosity) {
  Level level = verbosity < 0 ? Level::kError : Level::kWarn;
  const std::string_view text = config::variable(environment, "MINDMELD_LOG");
  if (!text.empty() && !ops::parse_level(text, level)) {
    return config::usage_error("MINDMELD_LOG: " + base::in_quotes(text) +
                               " is not a level: write error, warn, info, debug or trace");
  }
  const Level least = verbosity > 1 ? Level::kDebug : verbosity > 0 ? Level::kInfo : level;
  return std::max(level, least);
}

}  // namespace mm::cli
