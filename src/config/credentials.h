// SPDX-License-Identifier: MIT
// What a command may show to which router: what the same source names, and to no other: the flags
// and the environment together, or the file. Used by resolve.cc.
#pragma once

#include "base/status.h"
#include "config/config.h"
#include "config/settings.h"

namespace mm::config {

// Fills in the pass and the identity command of `common`, which are for `common.router`, and what
// to tell people about them. Reads the file that holds the pass. Require: the router is resolved.
base::Status resolve_credentials(const Settings& settings, const Environment& environment,
                                 Common& common);

}  // namespace mm::config
