// SPDX-License-Identifier: MIT
// A router of the test's own: gRPC's synchronous server over the generated code, so that the client
// is tested against something that shares none of its code. What each call does is a function.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <string>

#include "certificates.h"
#include "config/config.h"
#include "control.grpc.pb.h"
#include "proxy.grpc.pb.h"

namespace mm::test {

namespace pb = mindmeld::v1;

class FakeRouter {
 public:
  using Lane = grpc::ServerReaderWriter<pb::Frame, pb::Frame>;
  using Control = grpc::ServerReaderWriter<pb::CreateServiceResponse, pb::CreateServiceRequest>;

  // What the calls do, each in a thread of gRPC's.
  struct Behaviour {
    std::function<grpc::Status(const pb::ForwardToServiceRequest&, pb::ForwardToServiceResponse*)>
        forward = [](const auto&, auto*) { return grpc::Status::OK; };
    std::function<grpc::Status(pb::ListServicesResponse*)> list = [](auto*) {
      return grpc::Status::OK;
    };
    std::function<grpc::Status(grpc::ServerContext&, Control&)> create = [](auto&, auto&) {
      return grpc::Status::OK;
    };
    std::function<grpc::Status(grpc::ServerContext&, Lane&)> lane = echo;
  };

  // Accepts the lane and sends every frame back, until the other end has no more.
  static grpc::Status echo(grpc::ServerContext& context, Lane& lane);

  // Says nothing until the client goes away; not even that it accepts the call.
  template <typename Stream, typename Message>
  static grpc::Status stay_silent(Stream& stream, Message message) {
    while (stream.Read(&message)) continue;
    return grpc::Status::CANCELLED;
  }

  // Listens on 127.0.0.1, on a free port unless one is given; with `identity`, by TLS.
  explicit FakeRouter(Behaviour behaviour, const Identity* identity = nullptr, uint16_t port = 0);
  ~FakeRouter();

  config::RouterUrl url() const;

 private:
  struct Services;

  std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
  config::RouterUrl url_;
};

}  // namespace mm::test
