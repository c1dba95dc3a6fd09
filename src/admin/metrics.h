// SPDX-License-Identifier: MIT
// The router's metrics as Prometheus reads them (its text format, version 0.0.4). README.md lists
// what each means. None has a label that a stranger can choose, so that their number has a bound
// and a scraper learns no name.
#pragma once

#include <string>

#include "admin/snapshot.h"
#include "ops/process.h"

namespace mm::admin {

std::string metrics_text(const Snapshot& snapshot, const ops::ProcessUse& process);

}  // namespace mm::admin
