// SPDX-License-Identifier: MIT
// ControlStream: one CreateService call, a share's registration for as long as it lives. All state
// is the loop's; the completion queue's thread only posts.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control.grpc.pb.h"
#include "net/loop.h"
#include "router/switchboard.h"
#include "transport/guests.h"
#include "transport/operation.h"

namespace mm::router {

class ControlStream final : public ShareStream, public std::enable_shared_from_this<ControlStream> {
 public:
  // Its other methods are answered by UnaryService.
  using Service = mindmeld::v1::ControlService::WithAsyncMethod_CreateService<
      mindmeld::v1::ControlService::WithGenericMethod_ForwardToService<
          mindmeld::v1::ControlService::WithGenericMethod_ListServices<
              mindmeld::v1::ControlService::Service>>>;

  // What all of them have in common. Outlives the server.
  struct Host {
    net::Loop& loop;
    Service& service;
    Switchboard& switchboard;
    transport::Guests& guests;
    const Limits& limits;
    const std::string public_url;  // empty: not known
  };

  // Takes the next call that comes, on `queue`; and when it has come, the one after that.
  static void request(const Host& host, grpc::ServerCompletionQueue& queue);

  void forward(const std::string& service, const base::Token& token, uint64_t generation) override;
  void superseded() override;
  void draining() override;
  void move(const base::Token& token) override;
  // After what is queued has been written. No-op where it is ending.
  void end(const base::Status& status) override;
  const Caller& caller() const override { return caller_; }
  bool opens_to(const secure::Digest& proof) const override;

 private:
  using Request = mindmeld::v1::CreateServiceRequest;
  using Response = mindmeld::v1::CreateServiceResponse;
  using Operation = transport::Operation<ControlStream>;

  // kOpened: its first message has not come. kEnding: nothing more is read or queued.
  enum class Phase { kOpened, kRegistered, kEnding, kOver };

  ControlStream(const Host& host, grpc::ServerCompletionQueue& queue)
      : host_(host), queue_(queue) {}

  // On the queue's thread.
  void on_requested(bool ok);
  void on_read(bool ok);
  void on_written(bool ok);
  void on_finished(bool) {}
  void on_over(bool ok);

  // On the loop.
  void start();
  void received(bool ok);
  void registration(const mindmeld::v1::Registration& registration);
  bool take_verifiers(const google::protobuf::RepeatedPtrField<std::string>& verifiers);
  void refuse(std::string_view reason, const base::Status& status);  // counts, and ends
  void malformed(const std::string& message);
  void send(Response response);
  void pump();
  void over();
  void enter(Phase next);

  const Host& host_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<Response, Request> stream_{&context_};

  Phase phase_ = Phase::kOpened;
  Caller caller_;
  std::vector<secure::Digest> verifiers_;  // of the tickets that open the service
  std::optional<net::Timer> timer_;        // of the phase; exists from start() to over()
  Request request_;                        // the read's
  std::deque<Response> unsent_;
  bool is_writing_ = false;
  bool is_finished_ = false;
  base::Status end_;  // kEnding: what it is finished with

  Operation requested_{&ControlStream::on_requested};
  Operation read_{&ControlStream::on_read};
  Operation written_{&ControlStream::on_written};
  Operation finished_{&ControlStream::on_finished};
  Operation over_{&ControlStream::on_over};
};

}  // namespace mm::router
