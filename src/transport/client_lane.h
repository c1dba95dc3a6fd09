// SPDX-License-Identifier: MIT
// An end's lane: one ProxyConnection stream, its messages raw. RouterClient hands it out.
#pragma once

#include <memory>

#include "transport/client_call.h"
#include "transport/router_client.h"
#include "wire/lane.h"

namespace mm::transport {

// `listener` outlives the returned object.
std::unique_ptr<wire::Lane> open_client_lane(const std::shared_ptr<CallQueue>& queue,
                                             ChannelPool::Lease lease, const LaneRequest& request,
                                             wire::Lane::Listener& listener);

}  // namespace mm::transport
