// SPDX-License-Identifier: MIT
// HealthService: gRPC's health checks on the main port, for whoever asks. gRPC has one of its own,
// but that answers by the callback API, whose threads would share the connections with the
// completion queues' (transport/server.cc says what that costs).
#pragma once

#include "health.grpc.pb.h"
#include "net/loop.h"
#include "router/switchboard.h"
#include "router/unary_call.h"

namespace mm::router {

class HealthService {
 public:
  // Borrowed; they outlive the server.
  HealthService(net::Loop& loop, const Switchboard& switchboard, transport::Guests& guests);

  grpc::Service& service() { return service_; }

  // Takes calls on `queue` from now on.
  void serve(grpc::ServerCompletionQueue& queue) { Check::request(check_, queue); }

 private:
  using Service = grpc::health::v1::Health::AsyncService;
  using Check = UnaryCall<Service, grpc::health::v1::HealthCheckRequest,
                          grpc::health::v1::HealthCheckResponse>;

  Service service_;
  const Check::Method check_;
};

}  // namespace mm::router
