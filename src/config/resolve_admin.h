// SPDX-License-Identifier: MIT
// What a router shows of itself, and how much it may use, resolved from what the user set. Part of
// resolve.h's resolve_router().
#pragma once

#include "base/status.h"
#include "config/config.h"
#include "config/settings.h"

namespace mm::config {

// Sets `admin`, `max_connections` and `max_memory_bytes`. kInvalidArgument: a usage error.
base::Status resolve_admin(const Settings& settings, RouterConfig& config);

}  // namespace mm::config
