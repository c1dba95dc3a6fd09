// SPDX-License-Identifier: MIT
#include "transport/router_client.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "transport/channel.h"
#include "transport/client_call.h"
#include "transport/client_lane.h"
#include "transport/grpc_setup.h"
#include "transport/registration.h"
#include "transport/unary_call.h"

namespace mm::transport {
namespace {

using mindmeld::v1::ForwardToServiceRequest;
using mindmeld::v1::ForwardToServiceResponse;
using mindmeld::v1::ListServicesRequest;
using mindmeld::v1::ListServicesResponse;

// Google's front end takes 100 streams a connection and queues the next one silently.
constexpr size_t kLanesPerChannelMax = 80;
constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();
constexpr uint32_t kTokensPerCallMax = 16;
constexpr size_t kInstanceBytesMax = 64;
constexpr size_t kVersionBytesMax = 32;

// A router that gives other tokens than it was asked for is none.
base::StatusOr<Forwards> forwards_of(const ForwardToServiceResponse& response, uint32_t count,
                                     const config::RouterUrl& router) {
  Forwards forwards;
  if (response.token().empty() || response.token_size() > static_cast<int>(count)) {
    return not_a_router(router);
  }
  for (const std::string& text : response.token()) {
    const auto token = base::Token::parse(text);
    if (!token) return not_a_router(router);
    forwards.tokens.push_back(*token);
  }
  const bool is_port = response.port_hint() <= std::numeric_limits<uint16_t>::max();
  if (is_port) forwards.port_hint = static_cast<uint16_t>(response.port_hint());
  forwards.share_instance = base::printable(response.share_instance(), kInstanceBytesMax);
  return forwards;
}

std::vector<ConnectionInfo> connections_of(const mindmeld::v1::Service& service) {
  std::vector<ConnectionInfo> all;
  for (const auto& open : service.connection()) {
    all.push_back({open.id(), open.caller(), open.age_s(), open.up_bytes(), open.down_bytes()});
  }
  return all;
}

Listing listing_of(const ListServicesResponse& response) {
  Listing listing;
  listing.router_instance = response.router_instance();
  listing.revision = response.revision();
  listing.router_version = base::printable(response.router_version(), kVersionBytesMax);
  listing.time_ms = response.time_ms();
  for (const auto& service : response.services()) {
    listing.services.push_back({.name = service.name(),
                                .create_time_s = service.create_time().seconds(),
                                .owner = service.owner(),
                                .kind = service.kind(),
                                .connections = service.connections(),
                                .bytes = service.bytes(),
                                .away = service.away(),
                                .open = connections_of(service)});
  }
  return listing;
}

// gRPC has threads of its own, which let go of their sessions when they come to it: by default
// OpenSSL would be gone from under them once main() returns. Before anything else uses it.
[[maybe_unused]] const int kOpensslStays = OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);

class GrpcRouterClient final : public RouterClient {
 public:
  GrpcRouterClient(net::Loop& loop, LoopQueue& queue, Options options,
                   const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                   std::shared_ptr<Identity> identity)
      : queue_(std::make_shared<CallQueue>(loop, queue, std::move(options))),
        credentials_(credentials),
        identity_(std::move(identity)),
        control_(new_pool(Traffic::kControl, kUnlimited)),
        lanes_(new_pool(Traffic::kLanes, kLanesPerChannelMax)) {}

  ~GrpcRouterClient() override {
    if (identity_) identity_->stop();
    queue_->stop();
  }

  void forward_to_service(const ForwardRequest& asked,
                          std::function<void(base::StatusOr<Forwards>)> handler) override {
    MM_CHECK(asked.count >= 1 && asked.count <= kTokensPerCallMax);
    ForwardToServiceRequest request;
    request.set_service(asked.service);
    request.set_count(asked.count);
    ask<ForwardToServiceResponse>(
        [&](auto& stub, auto* context, auto* queue) {
          queue_->present(*context, asked.ticket);
          return stub.PrepareAsyncForwardToService(context, request, queue);
        },
        [count = asked.count, router = queue_->router(),
         handler = std::move(handler)](auto response) {
          handler(response.ok() ? forwards_of(*response, count, router) : response.status());
        });
  }

  void list_services(const ListRequest& asked,
                     std::function<void(base::StatusOr<Listing>)> handler) override {
    ListServicesRequest request;
    for (const std::string& name : asked.names) request.add_name(name);
    request.set_with_connections(asked.with_connections);
    ask<ListServicesResponse>(
        [&](auto& stub, auto* context, auto* queue) {
          queue_->present(*context);
          return stub.PrepareAsyncListServices(context, request, queue);
        },
        [handler = std::move(handler)](auto response) {
          if (!response.ok()) return handler(response.status());
          handler(listing_of(*response));
        });
  }

  void renew() override {
    control_->renew();
    lanes_->renew();
  }

  void reconnect(const std::string& why) override {
    control_->abandon();
    lanes_->abandon();
    queue_->fail_all(base::error(base::Code::kUnavailable, why));
  }

  // About a name that no service can have: the answer is short, and given to anybody.
  void find_router(std::function<void(base::StatusOr<std::string>)> handler) override {
    ListServicesRequest request;
    request.add_name("?");
    std::make_shared<UnaryCall<ListServicesResponse>>(
        queue_, new_pool(Traffic::kControl, kUnlimited)->take(),
        [handler = std::move(handler)](base::StatusOr<ListServicesResponse> response) {
          if (!response.ok()) return handler(response.status());
          handler(response->router_instance());
        })
        ->start([&request](auto& stub, auto* context, auto* queue) {
          return stub.PrepareAsyncListServices(context, request, queue);
        });
  }

  std::unique_ptr<Registration> create_service(RegistrationRequest request,
                                               Registration::Listener& listener) override {
    return open_registration(queue_, control_->take(), request, listener);
  }

  std::unique_ptr<wire::Lane> open_lane(const LaneRequest& request,
                                        wire::Lane::Listener& listener) override {
    return open_client_lane(queue_, lanes_->take(), request, listener);
  }

 private:
  template <typename Response>
  void ask(const typename UnaryCall<Response>::Prepare& prepare,
           typename UnaryCall<Response>::Handler handler) {
    std::make_shared<UnaryCall<Response>>(queue_, control_->take(), std::move(handler))
        ->start(prepare);
  }

  std::shared_ptr<ChannelPool> new_pool(Traffic traffic, size_t calls_max) {
    return std::make_shared<ChannelPool>(queue_->loop().clock(), queue_->router(), credentials_,
                                         traffic, calls_max);
  }

  const std::shared_ptr<CallQueue> queue_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  const std::shared_ptr<Identity> identity_;  // null: none
  const std::shared_ptr<ChannelPool> control_;
  const std::shared_ptr<ChannelPool> lanes_;
};

}  // namespace

base::StatusOr<std::unique_ptr<RouterClient>> RouterClient::open(net::Loop& loop, LoopQueue& queue,
                                                                 Options options) {
  set_up_grpc();
  std::shared_ptr<Identity> identity;
  if (!options.identity_command.empty()) {
    identity = std::make_shared<Identity>(options.identity_command, base::unix_time_s);
  }
  auto credentials = make_credentials(options.router, options.ca_file, identity);
  if (!credentials.ok()) return credentials.status();
  return std::make_unique<GrpcRouterClient>(loop, queue, std::move(options), *credentials,
                                            std::move(identity));
}

}  // namespace mm::transport
