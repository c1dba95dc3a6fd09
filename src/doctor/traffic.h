// SPDX-License-Identifier: MIT
// What streams do on the way to the router: how much passes, and whether something in between cuts
// them. Shares a name of its own for as long as it looks, and connects to it.
#pragma once

#include "doctor/context.h"

namespace mm::doctor {

// Require: check_way(). Whoever may not share is told so, and nothing is measured.
void check_traffic(const Context& context);

}  // namespace mm::doctor
