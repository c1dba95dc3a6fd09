// SPDX-License-Identifier: MIT
// Which services a share or a connect is for: those of its arguments, or else of the configuration
// file; and whether they go together. Used by resolve.cc.
#pragma once

#include <vector>

#include "base/status.h"
#include "config/file.h"
#include "config/resolve.h"
#include "config/settings.h"

namespace mm::config {

// At least one, each name once. Errors are usage errors.
base::StatusOr<std::vector<SharedService>> shared_services(const Sources& sources,
                                                           const File& file);

// At least one, each name and each listener once. `is_json`: standard output has events.
base::StatusOr<std::vector<ConnectedService>> connected_services(const Sources& sources,
                                                                 const Settings& settings,
                                                                 const File& file, bool is_json);

}  // namespace mm::config
