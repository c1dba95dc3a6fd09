// SPDX-License-Identifier: MIT
// A share's name at the router: one CreateService stream, with heartbeats both ways. RouterClient
// hands it out.
#pragma once

#include <memory>

#include "transport/client_call.h"
#include "transport/router_client.h"

namespace mm::transport {

// `listener` outlives the returned object.
std::unique_ptr<Registration> open_registration(const std::shared_ptr<CallQueue>& queue,
                                                ChannelPool::Lease lease,
                                                const RegistrationRequest& request,
                                                Registration::Listener& listener);

}  // namespace mm::transport
