// SPDX-License-Identifier: MIT
// UnaryCall: one call with one request and one response. Taken on a completion queue, answered on
// the loop.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <functional>
#include <memory>
#include <string>

#include "net/loop.h"
#include "router/server_call.h"
#include "transport/guests.h"
#include "transport/operation.h"

namespace mm::router {

// `Service`: the generated AsyncService.
template <typename Service, typename Request, typename Response>
class UnaryCall final : public std::enable_shared_from_this<UnaryCall<Service, Request, Response>> {
 public:
  // What all calls of one method have in common. Outlives the server.
  struct Method {
    net::Loop& loop;
    transport::Guests& guests;
    Service& service;
    // The generated Request… function.
    void (Service::*request)(grpc::ServerContext*, Request*,
                             grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                             grpc::ServerCompletionQueue*, void* tag);
    // On the loop.
    std::function<base::StatusOr<Response>(const Request&, const Credential&)> answer;
  };

  // Takes the next call that comes, on `queue`; and when it has come, the one after that.
  static void request(const Method& method, grpc::ServerCompletionQueue& queue) {
    const std::shared_ptr<UnaryCall> call(new UnaryCall(method, queue));
    (method.service.*method.request)(&call->context_, &call->request_, &call->responder_, &queue,
                                     &queue, call->requested_.start(call));
  }

 private:
  UnaryCall(const Method& method, grpc::ServerCompletionQueue& queue)
      : method_(method), queue_(queue) {}

  void on_requested(bool ok) {
    if (!ok) return;  // the server ends
    request(method_, queue_);
    method_.loop.post([self = this->shared_from_this()] { self->answer(); });
  }

  void answer() {
    method_.guests.made_a_call(context_.peer());
    const base::StatusOr<Response> response = method_.answer(request_, credential_of(context_));
    void* const tag = finished_.start(this->shared_from_this());
    if (response.ok()) {
      responder_.Finish(*response, grpc::Status::OK, tag);
    } else {
      responder_.FinishWithError(grpc_status(response.status()), tag);
    }
  }

  void on_finished(bool) {}

  const Method& method_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncResponseWriter<Response> responder_{&context_};
  transport::Operation<UnaryCall> requested_{&UnaryCall::on_requested};
  transport::Operation<UnaryCall> finished_{&UnaryCall::on_finished};
};

}  // namespace mm::router
