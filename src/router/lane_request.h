// SPDX-License-Identifier: MIT
// A lane's metadata (PROTOCOL.md), parsed.
#pragma once

#include <grpcpp/support/string_ref.h>

#include <map>
#include <string>

#include "base/status.h"
#include "router/rendezvous.h"

namespace mm::router {

// kInvalidArgument, naming the key: it is absent, there twice, or malformed.
base::StatusOr<LaneRequest> parse_lane_request(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, std::string caller);

}  // namespace mm::router
