// SPDX-License-Identifier: MIT
// From what the user wrote to what a command does: flags, environment and file become one struct
// per command, and every rule about what goes together is checked. Pure but for reading the file.
// Called by cli; errors are usage errors (exit code 2), one line each, ready to be shown.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "config/config.h"
#include "config/settings.h"

namespace mm::config {

struct Sources {
  Arguments arguments;
  Environment environment;
  std::string folder;  // where a mindmeld.json is looked for; empty: the current one
};

base::StatusOr<RouterConfig> resolve_router(const Sources& sources);
base::StatusOr<ShareConfig> resolve_share(const Sources& sources);
base::StatusOr<ConnectConfig> resolve_connect(const Sources& sources);
base::StatusOr<ListConfig> resolve_list(const Sources& sources);
base::StatusOr<DoctorConfig> resolve_doctor(const Sources& sources);

// What a command that runs calls to read all of its sources once more.
template <typename Config>
using Reread = std::function<base::StatusOr<Config>()>;

}  // namespace mm::config
