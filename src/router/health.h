// SPDX-License-Identifier: MIT
// gRPC's health checks on the main port, for whoever asks. gRPC has a service of its own for them,
// but that answers by the callback API, whose threads would share the connections with the
// completion queues' (transport/server.cc says what that costs).
#pragma once

#include "router/switchboard.h"
#include "router/unary_service.h"

namespace mm::router {

// Both outlive the server.
void add_health(UnaryService& unary, const Switchboard& switchboard);

}  // namespace mm::router
