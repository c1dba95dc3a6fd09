// SPDX-License-Identifier: MIT
#include "router/unary_service.h"

#include <grpcpp/server_context.h>

#include <memory>
#include <optional>

#include "router/server_call.h"
#include "transport/operation.h"

namespace mm::router {
namespace {

// More that come at once wait inside gRPC for these.
constexpr int kRequestedCalls = 32;

}  // namespace

// Taken on a completion queue; all else is the loop's. It lives as long as gRPC holds one of its
// operations.
class UnaryService::Call final : public std::enable_shared_from_this<Call> {
 public:
  // Takes the next call that comes, on `queue`; and when it has come, the one after that.
  static void request(UnaryService& host, grpc::ServerCompletionQueue& queue) {
    const std::shared_ptr<Call> call(new Call(host, queue));
    host.service_.RequestCall(&call->context_, &call->stream_, &queue, &queue,
                              call->requested_.start(call));
  }

 private:
  Call(UnaryService& host, grpc::ServerCompletionQueue& queue) : host_(host), queue_(queue) {}

  void on_requested(bool ok) {
    if (!ok) return;  // the server ends
    request(host_, queue_);
    host_.loop_.post([self = shared_from_this()] { self->start(); });
  }

  void on_read(bool ok) {
    host_.loop_.post([self = shared_from_this(), ok] { self->received(ok); });
  }

  void on_finished(bool) {}

  void start();
  void received(bool ok);
  void finish(const base::Status& status);

  UnaryService& host_;
  grpc::ServerCompletionQueue& queue_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  const Method* method_ = nullptr;
  grpc::ByteBuffer request_;
  std::optional<net::Timer> patience_;  // while the request has not come
  bool is_finished_ = false;

  transport::Operation<Call> requested_{&Call::on_requested};
  transport::Operation<Call> read_{&Call::on_read};
  transport::Operation<Call> finished_{&Call::on_finished};
};

void UnaryService::Call::start() {
  host_.guests_.made_a_call(context_.peer());
  const std::string caller = caller_of(context_);
  const auto found = host_.methods_.find(context_.method());
  if (found == host_.methods_.end()) {
    return finish(host_.switchboard_.turn_away(
        "unknown_method", caller,
        base::error(base::Code::kUnimplemented, "the router has no such method")));
  }
  if (const base::Status status = check_metadata(context_); !status.ok()) {
    return finish(host_.switchboard_.turn_away("malformed", caller, status));
  }
  method_ = &found->second;
  patience_.emplace(host_.loop_);
  patience_->after(host_.limits_.registration_wait, [this, caller] {
    finish(host_.switchboard_.turn_away(
        "registration_wait", caller,
        base::error(base::Code::kDeadlineExceeded, "the request did not come")));
  });
  stream_.Read(&request_, read_.start(shared_from_this()));
}

void UnaryService::Call::received(bool ok) {
  patience_.reset();
  if (is_finished_) return;
  if (!ok) return finish(host_.malformed(caller_of(context_), "the call has no request"));
  const auto response = method_->answer(request_, credential_of(context_));
  if (!response.ok()) return finish(response.status());
  if (method_->whom == For::kAdmitted) host_.guests_.is_known(context_.peer());
  stream_.WriteAndFinish(*response, grpc::WriteOptions(), grpc::Status::OK,
                         finished_.start(shared_from_this()));
}

void UnaryService::Call::finish(const base::Status& status) {
  is_finished_ = true;
  stream_.Finish(grpc_status(status), finished_.start(shared_from_this()));
}

void UnaryService::serve(grpc::ServerCompletionQueue& queue) {
  for (int i = 0; i < kRequestedCalls; ++i) Call::request(*this, queue);
}

base::Status UnaryService::malformed(const std::string& caller, const std::string& message) {
  return switchboard_.turn_away("malformed", caller,
                                base::error(base::Code::kInvalidArgument, message));
}

}  // namespace mm::router
