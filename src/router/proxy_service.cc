// SPDX-License-Identifier: MIT
#include "router/proxy_service.h"

#include "router/lane_request.h"
#include "router/server_call.h"

namespace mm::router {
namespace {

// Each costs some 2 KiB while it waits. More that come at once wait inside gRPC for these.
constexpr int kRequestedLanes = 64;

}  // namespace

void ProxyService::serve(grpc::ServerCompletionQueue& queue) {
  for (int i = 0; i < kRequestedLanes; ++i) ServerLane::request(service_, queue, *this);
}

void ProxyService::on_lane_opened(std::shared_ptr<ServerLane> lane) {
  const base::Status size = check_metadata(lane->context());
  auto request = size.ok() ? parse_lane_request(lane->context().client_metadata()) : size;
  loop_.post([this, lane = std::move(lane), request = std::move(request)]() mutable {
    guests_.made_a_call(lane->context().peer());
    if (!request.ok()) {
      switchboard_.count_refusal("malformed", caller_of(lane->context()));
      return lane->refuse(request.status());
    }
    const config::Verb verb =
        request->role == Role::kShare ? config::kMayShare : config::kMayConnect;
    auto caller = switchboard_.admit(credential_of(lane->context()), verb, request->service);
    if (!caller.ok()) return lane->refuse(caller.status());
    guests_.is_known(lane->context().peer());
    request->caller = *std::move(caller);
    switchboard_.lane_arrived(lane, *request);
  });
}

void ProxyService::on_lane_over(std::shared_ptr<ServerLane> lane, bool was_lost) {
  loop_.post([this, lane = std::move(lane), was_lost] { switchboard_.lane_over(*lane, was_lost); });
}

}  // namespace mm::router
