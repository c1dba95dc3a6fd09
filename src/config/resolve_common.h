// SPDX-License-Identifier: MIT
// What every command has, resolved. Used by resolve.cc.
#pragma once

#include "base/status.h"
#include "config/config.h"
#include "config/settings.h"

namespace mm::config {

// All of it but the credentials.
base::StatusOr<Common> resolve_common(const Settings& settings, const Environment& environment);

// For those who speak to a router.
base::StatusOr<Common> resolve_client(const Settings& settings, const Environment& environment);

}  // namespace mm::config
