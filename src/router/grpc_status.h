// SPDX-License-Identifier: MIT
// What the router's answers are in gRPC's terms.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string>

#include "base/status.h"

namespace mm::router {

// The same code and text.
inline grpc::Status grpc_status(const base::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), base::message(status));
}

// Who calls: the peer's address without its port, "ipv4:127.0.0.1". Never empty.
inline std::string caller_of(const grpc::ServerContext& context) {
  const std::string peer = context.peer();
  const size_t colon = peer.rfind(':');
  return colon == std::string::npos ? "unknown" : peer.substr(0, colon);
}

}  // namespace mm::router
