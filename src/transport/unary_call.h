// SPDX-License-Identifier: MIT
// One question to the router and its answer. Made and forgotten by RouterClient: it owns itself
// until the handler ran.
#pragma once

#include <grpcpp/support/async_unary_call.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "control.grpc.pb.h"
#include "transport/client_call.h"

namespace mm::transport {

template <typename Response>
class UnaryCall final : public ClientCall {
 public:
  using Reader = grpc::ClientAsyncResponseReader<Response>;
  using Prepare = std::function<std::unique_ptr<Reader>(
      mindmeld::v1::ControlService::Stub& stub, grpc::ClientContext*, grpc::CompletionQueue*)>;
  using Handler = std::function<void(base::StatusOr<Response>)>;

  UnaryCall(std::shared_ptr<CallQueue> queue, ChannelPool::Lease lease, Handler handler)
      : ClientCall(std::move(queue), std::move(lease)), handler_(std::move(handler)) {}

  // Fails if there is no answer in time. Once.
  void start(const Prepare& prepare) {
    context().set_deadline(std::chrono::system_clock::now() + queue().timing().answer);
    mindmeld::v1::ControlService::Stub stub(channel());
    reader_ = prepare(stub, &context(), queue().queue());
    reader_->StartCall();
    reader_->Finish(&response_, &status_, finish_.start());
  }

 private:
  void on_finished() {
    conclude(status_, [this](const base::Status& status) {
      const Handler handler = std::move(handler_);
      if (status.ok()) {
        handler(std::move(response_));
      } else {
        handler(status);
      }
    });
  }

  void on_abandoned() override { handler_ = nullptr; }

  Handler handler_;
  Response response_;
  grpc::Status status_;
  Operation finish_{*this, [this](bool) { on_finished(); }};
  std::unique_ptr<Reader> reader_;  // in memory of the call: goes before the context
};

}  // namespace mm::transport
