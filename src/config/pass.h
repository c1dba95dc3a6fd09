// SPDX-License-Identifier: MIT
// Which pass a command may show to which router: one that the same source names, and no other
// (PROTOCOL.md, section "Admission"). Used by resolve.cc.
#pragma once

#include "base/status.h"
#include "config/config.h"
#include "config/settings.h"

namespace mm::config {

// Fills in `common.pass`, which is for `common.router`, and what to tell people about it. Reads the
// file that holds it. Require: the router is resolved.
base::Status resolve_pass(const Settings& settings, const Environment& environment, Common& common);

}  // namespace mm::config
