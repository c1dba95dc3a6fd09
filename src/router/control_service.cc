// SPDX-License-Identifier: MIT
#include "router/control_service.h"

#include <chrono>

#include "transport/revision.h"

namespace mm::router {
namespace {

using mindmeld::v1::ForwardToServiceRequest;
using mindmeld::v1::ForwardToServiceResponse;
using mindmeld::v1::ListServicesRequest;
using mindmeld::v1::ListServicesResponse;

// More that come at once wait inside gRPC for these.
constexpr int kRequestedStreams = 8;

std::string path_to(const char* method) {
  return std::string("/") + mindmeld::v1::ControlService::service_full_name() + "/" + method;
}

}  // namespace

ControlService::ControlService(net::Loop& loop, Switchboard& switchboard, transport::Guests& guests,
                               const Limits& limits, const std::string& public_url,
                               UnaryService& unary)
    : switchboard_(switchboard), streams_{loop, service_, switchboard, guests, limits, public_url} {
  unary.add<ForwardToServiceRequest, ForwardToServiceResponse>(
      path_to("ForwardToService"), UnaryService::For::kAdmitted,
      [this](const ForwardToServiceRequest& request, const Credential& credential) {
        return forward_to_service(request, credential);
      });
  unary.add<ListServicesRequest, ListServicesResponse>(
      path_to("ListServices"), UnaryService::For::kAnybody,  // where it names services
      [this](const ListServicesRequest& request, const Credential& credential) {
        return list_services(request, credential);
      });
}

void ControlService::serve(grpc::ServerCompletionQueue& queue) {
  for (int i = 0; i < kRequestedStreams; ++i) ControlStream::request(streams_, queue);
}

base::StatusOr<ForwardToServiceResponse> ControlService::forward_to_service(
    const ForwardToServiceRequest& request, const Credential& credential) {
  const base::StatusOr<Caller> caller =
      switchboard_.admit(credential, config::kMayConnect, request.service());
  if (!caller.ok()) return caller.status();
  const base::StatusOr<Switchboard::Forwards> forwards =
      switchboard_.forward_to(request.service(), request.count(), *caller);
  if (!forwards.ok()) return forwards.status();
  ForwardToServiceResponse response;
  for (const base::Token& token : forwards->tokens) response.add_token(token.reveal());
  response.set_port_hint(forwards->port_hint);
  response.set_share_instance(forwards->share_instance);
  return response;
}

base::StatusOr<ListServicesResponse> ControlService::list_services(
    const ListServicesRequest& request, const Credential& credential) {
  const auto services =
      switchboard_.list(credential, {request.name().begin(), request.name().end()});
  if (!services.ok()) return services.status();
  ListServicesResponse response;
  response.set_router_instance(switchboard_.instance());
  response.set_revision(transport::kRevision);
  response.set_router_version(MM_VERSION);
  response.set_time_ms(static_cast<uint64_t>(base::unix_time().count()));
  for (const router::Service* service : *services) {
    mindmeld::v1::Service& row = *response.add_services();
    row.set_name(service->name);
    row.mutable_create_time()->set_seconds(service->create_time_s);
    row.set_owner(service->label);
    row.set_kind(service->kind);
    row.set_connections(service->traffic->connections.load(std::memory_order_relaxed));
    row.set_bytes(service->traffic->bytes.load(std::memory_order_relaxed));
    row.set_away(!service->share);
    if (!request.with_connections()) continue;
    for (const auto& open : switchboard_.connections_of(*service, credential)) {
      mindmeld::v1::Connection& connection = *row.add_connection();
      connection.set_id(open.id);
      connection.set_caller(open.caller);
      connection.set_age_s(open.age_s);
      connection.set_up_bytes(open.up_bytes);
      connection.set_down_bytes(open.down_bytes);
    }
  }
  return response;
}

}  // namespace mm::router
