// SPDX-License-Identifier: MIT
// A lane's metadata (PROTOCOL.md), parsed.
#pragma once

#include <grpcpp/support/string_ref.h>

#include <map>

#include "base/status.h"
#include "router/rendezvous.h"

namespace mm::router {

// All but who calls. kInvalidArgument, naming the key: it is absent, there twice, or malformed.
base::StatusOr<LaneRequest> parse_lane_request(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

}  // namespace mm::router
