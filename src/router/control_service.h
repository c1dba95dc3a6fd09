// SPDX-License-Identifier: MIT
// ControlService: the calls by which share, connect and list speak to the router, as what they ask
// of the switchboard.
#pragma once

#include "control.grpc.pb.h"
#include "net/loop.h"
#include "router/control_stream.h"
#include "router/switchboard.h"
#include "router/unary_service.h"

namespace mm::router {

class ControlService {
 public:
  // Borrowed; they outlive the server. Its unary methods are added to `unary`.
  ControlService(net::Loop& loop, Switchboard& switchboard, transport::Guests& guests,
                 const Limits& limits, const std::string& public_url, UnaryService& unary);

  grpc::Service& service() { return service_; }

  // Takes streams on `queue` from now on, as many at a time as a burst brings.
  void serve(grpc::ServerCompletionQueue& queue);

 private:
  base::StatusOr<mindmeld::v1::ForwardToServiceResponse> forward_to_service(
      const mindmeld::v1::ForwardToServiceRequest& request, const Credential& credential);
  base::StatusOr<mindmeld::v1::ListServicesResponse> list_services(
      const mindmeld::v1::ListServicesRequest& request, const Credential& credential);

  Switchboard& switchboard_;
  ControlStream::Service service_;
  const ControlStream::Host streams_;
};

}  // namespace mm::router
