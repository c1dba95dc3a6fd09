// SPDX-License-Identifier: MIT
// What gRPC knows of a call to the router, in the router's terms, and the other way round.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <iterator>
#include <string>

#include "base/status.h"
#include "router/admission.h"
#include "transport/server.h"

namespace mm::router {

// The same code and text.
inline grpc::Status grpc_status(const base::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), base::message(status));
}

// Not OK: the call has more metadata than may be held for it. gRPC sees to that for a single header
// alone (transport/server.h).
inline base::Status check_metadata(const grpc::ServerContext& context) {
  size_t size = 0;
  for (const auto& [key, value] : context.client_metadata()) size += key.size() + value.size();
  if (size <= transport::Server::kMetadataBytesMost) return absl::OkStatus();
  return base::error(base::Code::kInvalidArgument, "the call has too much metadata");
}

// Who calls: the peer's address without its port, "ipv4:127.0.0.1". Never empty.
inline std::string caller_of(const grpc::ServerContext& context) {
  const std::string peer = context.peer();
  const size_t colon = peer.rfind(':');
  return colon == std::string::npos ? "unknown" : peer.substr(0, colon);
}

// One that is there twice is none that anybody has.
inline Credential credential_of(const grpc::ServerContext& context) {
  const auto [begin, end] = context.client_metadata().equal_range("mindmeld-auth");
  std::string text;
  if (begin != end) text.assign(begin->second.data(), begin->second.size());
  if (begin != end && (text.empty() || std::next(begin) != end)) text = "malformed";
  return {caller_of(context), base::Secret(std::move(text))};
}

}  // namespace mm::router
