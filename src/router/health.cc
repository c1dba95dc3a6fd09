// SPDX-License-Identifier: MIT
#include "router/health.h"

#include "control.grpc.pb.h"
#include "health.pb.h"
#include "proxy.grpc.pb.h"

namespace mm::router {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

base::StatusOr<HealthCheckResponse> health(const Switchboard& switchboard,
                                           const HealthCheckRequest& request) {
  const std::string& name = request.service();
  if (!name.empty() && name != mindmeld::v1::ControlService::service_full_name() &&
      name != mindmeld::v1::ProxyService::service_full_name()) {
    return base::error(base::Code::kNotFound, "the router has no such service");
  }
  HealthCheckResponse response;
  response.set_status(switchboard.is_draining() ? HealthCheckResponse::NOT_SERVING
                                                : HealthCheckResponse::SERVING);
  return response;
}

}  // namespace

void add_health(UnaryService& unary, const Switchboard& switchboard) {
  unary.add<HealthCheckRequest, HealthCheckResponse>(
      "/grpc.health.v1.Health/Check", UnaryService::For::kAnybody,
      [&switchboard](const HealthCheckRequest& request, const Credential&) {
        return health(switchboard, request);
      });
}

}  // namespace mm::router
