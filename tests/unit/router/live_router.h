// SPDX-License-Identifier: MIT
// A real router on a loopback port with its own loop thread, and blocking clients made from the
// generated API: what any program in any language could do.
#pragma once

#include <doctest/doctest.h>
#include <grpcpp/create_channel.h>

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "control.grpc.pb.h"
#include "proxy.grpc.pb.h"
#include "router/router.h"

namespace mm::test {

class LiveRouter {
 public:
  explicit LiveRouter(const router::Limits& limits = {}) {
    config::Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    auto started = router::Router::start(loop_, {{endpoint}, "", ""}, limits);
    REQUIRE(started.ok());
    router_ = std::move(*started);
    thread_ = std::thread([this] { loop_.run(); });
    channel = grpc::CreateChannel(router_->addresses()[0], grpc::InsecureChannelCredentials());
    control = mindmeld::v1::ControlService::NewStub(channel);
    proxy = mindmeld::v1::ProxyService::NewStub(channel);
  }

  ~LiveRouter() {
    if (!is_stopping_) stop();
    thread_.join();
  }

  // Returns when it is done.
  void set_people(const std::vector<config::Person>& people) {
    std::promise<void> done;
    loop_.post([&] {
      router_->set_people(people);
      done.set_value();
    });
    done.get_future().wait();
  }

  // How often it refused for this reason.
  uint64_t refused(const std::string& reason) {
    std::promise<uint64_t> count;
    loop_.post([&] {
      const admin::Snapshot snapshot = router_->snapshot(false);
      const auto found = std::find_if(snapshot.refusals.begin(), snapshot.refusals.end(),
                                      [&](const auto& each) { return each.first == reason; });
      count.set_value(found == snapshot.refusals.end() ? 0 : found->second);
    });
    return count.get_future().get();
  }

  // As a signal does; returns at once.
  void stop() {
    is_stopping_ = true;
    loop_.post([this] { router_->stop([this] { loop_.stop(); }); });
  }

 private:
  net::Loop loop_;
  std::unique_ptr<router::Router> router_;
  std::thread thread_;
  bool is_stopping_ = false;

 public:
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<mindmeld::v1::ControlService::Stub> control;
  std::unique_ptr<mindmeld::v1::ProxyService::Stub> proxy;
};

// Says who calls: the value of mindmeld-auth; empty: nothing.
inline void present(grpc::ClientContext& context, const std::string& credential) {
  if (!credential.empty()) context.AddMetadata("mindmeld-auth", credential);
}

// A registered service, or an attempt at one.
class Share {
 public:
  using Request = mindmeld::v1::CreateServiceRequest;
  using Response = mindmeld::v1::CreateServiceResponse;

  // It says nothing yet.
  explicit Share(LiveRouter& router) : stream_(router.control->CreateService(&context_)) {}

  Share(LiveRouter& router, const std::string& name, const std::string& proof = "",
        const std::string& credential = "", const std::vector<std::string>& verifiers = {}) {
    present(context_, credential);
    stream_ = router.control->CreateService(&context_);
    Request request;
    for (const std::string& each : verifiers) {
      request.mutable_registration()->add_ticket_verifier(each);
    }
    request.mutable_registration()->set_name(name);
    request.mutable_registration()->set_kind("tcp");
    request.mutable_registration()->set_port_hint(3000);
    request.mutable_registration()->set_owner_proof(proof);
    request.mutable_registration()->set_label("ann@laptop");
    stream_->Write(request);
    is_registered = stream_->Read(&registered) && registered.has_registered();
  }

  ~Share() {
    if (!is_over_) context_.TryCancel();
    if (!is_over_) finish();
  }

  bool write(const Request& request) { return stream_->Write(request); }

  // The next message; one of no kind where the stream has ended.
  Response read() {
    Response response;
    if (!stream_->Read(&response)) response.Clear();
    return response;
  }

  void half_close() { stream_->WritesDone(); }

  // Waits for the router to end the stream.
  grpc::Status finish() {
    is_over_ = true;
    Response ignored;
    while (stream_->Read(&ignored)) continue;
    return stream_->Finish();
  }

  bool is_registered = false;
  Response registered;

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream_;
  bool is_over_ = false;
};

// One end's lane. Its frames carry text in `data`.
class ClientLane {
 public:
  struct Metadata {
    std::string token;
    std::string role = "connect";
    std::string service = "web";
    std::string generation = "0";
    std::string credential = {};
  };

  ClientLane(LiveRouter& router, const Metadata& metadata) {
    context_.AddMetadata("mindmeld-token", metadata.token);
    context_.AddMetadata("mindmeld-role", metadata.role);
    context_.AddMetadata("mindmeld-service", metadata.service);
    context_.AddMetadata("mindmeld-generation", metadata.generation);
    present(context_, metadata.credential);
    stream_ = router.proxy->ProxyConnection(&context_);
  }

  ~ClientLane() {
    if (!is_over_) context_.TryCancel();
    if (!is_over_) finish();
  }

  // Returns when the router has admitted or refused it.
  void wait_until_answered() { stream_->WaitForInitialMetadata(); }

  bool send(const std::string& text) {
    mindmeld::v1::Frame frame;
    frame.set_data(text);
    return stream_->Write(frame);
  }

  // The next frame's text; nothing where the lane has ended.
  std::string receive() {
    mindmeld::v1::Frame frame;
    return stream_->Read(&frame) ? frame.data() : "";
  }

  void half_close() { stream_->WritesDone(); }
  void cancel() { context_.TryCancel(); }

  grpc::Status finish() {
    is_over_ = true;
    mindmeld::v1::Frame ignored;
    while (stream_->Read(&ignored)) continue;
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<mindmeld::v1::Frame, mindmeld::v1::Frame>> stream_;
  bool is_over_ = false;
};

inline grpc::Status forward(LiveRouter& router, const std::string& service, uint32_t count,
                            mindmeld::v1::ForwardToServiceResponse& response,
                            const std::string& credential = "") {
  grpc::ClientContext context;
  present(context, credential);
  mindmeld::v1::ForwardToServiceRequest request;
  request.set_service(service);
  request.set_count(count);
  return router.control->ForwardToService(&context, request, &response);
}

inline std::string new_token(LiveRouter& router, const std::string& service = "web",
                             const std::string& credential = "") {
  mindmeld::v1::ForwardToServiceResponse response;
  REQUIRE(forward(router, service, 1, response, credential).ok());
  REQUIRE(response.token_size() == 1);
  return response.token(0);
}

inline mindmeld::v1::ListServicesResponse list(LiveRouter& router) {
  grpc::ClientContext context;
  mindmeld::v1::ListServicesResponse response;
  REQUIRE(router.control->ListServices(&context, {}, &response).ok());
  return response;
}

}  // namespace mm::test
