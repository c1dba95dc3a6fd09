// SPDX-License-Identifier: MIT
#include "router/proxy_service.h"

#include "router/grpc_status.h"
#include "router/lane_request.h"

namespace mm::router {
namespace {

// Each costs some 2 KiB while it waits. More that come at once wait inside gRPC for these.
constexpr int kRequestedLanes = 64;

}  // namespace

void ProxyService::serve(grpc::ServerCompletionQueue& queue) {
  for (int i = 0; i < kRequestedLanes; ++i) ServerLane::request(service_, queue, *this);
}

void ProxyService::on_lane_opened(std::shared_ptr<ServerLane> lane) {
  base::StatusOr<LaneRequest> request =
      parse_lane_request(lane->context().client_metadata(), caller_of(lane->context()));
  if (!request.ok()) {
    lane->refuse(request.status());
    return;
  }
  loop_.post([this, lane = std::move(lane), request = std::move(*request)] {
    switchboard_.lane_arrived(lane, request);
  });
}

void ProxyService::on_lane_over(std::shared_ptr<ServerLane> lane, bool was_lost) {
  loop_.post([this, lane = std::move(lane), was_lost] { switchboard_.lane_over(*lane, was_lost); });
}

}  // namespace mm::router
