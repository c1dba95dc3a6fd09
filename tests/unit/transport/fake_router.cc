// SPDX-License-Identifier: MIT
#include "fake_router.h"

#include <chrono>
#include <string>
#include <utility>

#include "base/check.h"

namespace mm::test {

struct FakeRouter::Services final {
  explicit Services(Behaviour behaviour) : behaviour(std::move(behaviour)) {}

  struct ControlService final : pb::ControlService::Service {
    explicit ControlService(Behaviour& behaviour) : behaviour(behaviour) {}

    grpc::Status CreateService(grpc::ServerContext* context, Control* stream) override {
      return behaviour.create(*context, *stream);
    }
    grpc::Status ForwardToService(grpc::ServerContext*, const pb::ForwardToServiceRequest* request,
                                  pb::ForwardToServiceResponse* response) override {
      return behaviour.forward(*request, response);
    }
    grpc::Status ListServices(grpc::ServerContext*, const pb::ListServicesRequest*,
                              pb::ListServicesResponse* response) override {
      return behaviour.list(response);
    }

    Behaviour& behaviour;
  };

  struct ProxyService final : pb::ProxyService::Service {
    explicit ProxyService(Behaviour& behaviour) : behaviour(behaviour) {}

    grpc::Status ProxyConnection(grpc::ServerContext* context, Lane* stream) override {
      return behaviour.lane(*context, *stream);
    }

    Behaviour& behaviour;
  };

  Behaviour behaviour;
  ControlService control{behaviour};
  ProxyService proxy{behaviour};
};

grpc::Status FakeRouter::echo(grpc::ServerContext&, Lane& lane) {
  lane.SendInitialMetadata();
  pb::Frame frame;
  while (lane.Read(&frame)) lane.Write(frame);
  return grpc::Status::OK;
}

FakeRouter::FakeRouter(Behaviour behaviour, const Identity* identity, uint16_t port)
    : services_(std::make_unique<Services>(std::move(behaviour))) {
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (identity) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({identity->key, identity->certificate});
    credentials = grpc::SslServerCredentials(options);
  }
  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), credentials, &bound);
  builder.RegisterService(&services_->control);
  builder.RegisterService(&services_->proxy);
  server_ = builder.BuildAndStart();
  MM_CHECK(server_ && bound != 0);
  url_.tls = identity != nullptr;
  url_.port = static_cast<uint16_t>(bound);
}

FakeRouter::~FakeRouter() { server_->Shutdown(std::chrono::system_clock::now()); }

config::RouterUrl FakeRouter::url() const { return url_; }

}  // namespace mm::test
