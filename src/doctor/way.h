// SPDX-License-Identifier: MIT
// The way to the router, step by step: its name, TCP, TLS, HTTP/2, gRPC, whether it lets us in;
// then what it says of itself: its version, its clock, and how far away it is.
#pragma once

#include "doctor/context.h"

namespace mm::doctor {

// Ends at the first step that cannot be made. True: a router answers, and lets us in.
bool check_way(const Context& context);

}  // namespace mm::doctor
