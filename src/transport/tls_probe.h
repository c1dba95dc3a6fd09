// SPDX-License-Identifier: MIT
// Finds out why a plaintext dial was cut off: asks the same port once more, by TLS. gRPC's text for
// a plaintext client at a TLS port is the same as for a router that just died.
#pragma once

#include <functional>
#include <memory>

#include "transport/client_call.h"

namespace mm::transport {

// Calls `then` on the loop, within 3 s. Sends nothing of the user's.
void start_tls_probe(const std::shared_ptr<CallQueue>& queue,
                     std::function<void(bool speaks_tls)> then);

}  // namespace mm::transport
