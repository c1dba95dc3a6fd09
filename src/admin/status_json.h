// SPDX-License-Identifier: MIT
// A snapshot as one JSON object: what /api/status answers, and the page draws.
#pragma once

#include <string>

#include "admin/snapshot.h"
#include "ops/process.h"

namespace mm::admin {

std::string status_json(const Snapshot& snapshot, const ops::ProcessUse& process);

}  // namespace mm::admin
