// SPDX-License-Identifier: MIT
#include "transport/client_lane.h"

#include <grpcpp/generic/generic_stub.h>

#include <string>
#include <utility>

#include "transport/slices.h"
#include "transport/stream_call.h"

namespace mm::transport {
namespace {

class LaneCall final : public StreamCall<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  LaneCall(std::shared_ptr<CallQueue> queue, ChannelPool::Lease lease,
           wire::Lane::Listener& listener)
      : StreamCall(std::move(queue), std::move(lease)), listener_(listener) {}

  void open(const LaneRequest& request) {
    grpc::ClientContext& call = corked_context();
    call.AddMetadata("mindmeld-token", request.token.reveal());
    call.AddMetadata("mindmeld-role", request.role == Role::kShare ? "share" : "connect");
    call.AddMetadata("mindmeld-service", request.service);
    call.AddMetadata("mindmeld-generation", std::to_string(request.generation));
    if (!request.share_instance.empty()) call.AddMetadata("mindmeld-share", request.share_instance);
    queue().present(call, request.ticket);
    grpc::GenericStub stub(channel());
    start(stub.PrepareCall(&call, "/mindmeld.v1.ProxyService/ProxyConnection", queue().queue()));
  }

  using StreamCall::send;
  using StreamCall::send_end;
  using StreamCall::send_last;

 private:
  void on_accepted() override {}
  void on_received(grpc::ByteBuffer& message) override {
    auto bytes = to_bytes(message);
    message.Clear();  // `bytes` alone says how long its memory lives
    listener_.on_message(std::move(bytes));
  }
  void on_sent() override { listener_.on_written(); }
  void on_over(const base::Status& status) override { listener_.on_closed(status); }

  wire::Lane::Listener& listener_;  // alive until the call is abandoned
};

// The owner's hold on a lane; the call itself lives until gRPC has let go of it.
class ClientLane final : public wire::Lane {
 public:
  explicit ClientLane(std::shared_ptr<LaneCall> call) : call_(std::move(call)) {}
  ~ClientLane() override { call_->abandon(); }

  void write(wire::EncodedFrame frame) override { call_->send(to_byte_buffer(std::move(frame))); }
  void write_last(wire::EncodedFrame frame) override {
    call_->send_last(to_byte_buffer(std::move(frame)));
  }
  void half_close() override { call_->send_end(); }

 private:
  const std::shared_ptr<LaneCall> call_;
};

}  // namespace

std::unique_ptr<wire::Lane> open_client_lane(const std::shared_ptr<CallQueue>& queue,
                                             ChannelPool::Lease lease, const LaneRequest& request,
                                             wire::Lane::Listener& listener) {
  auto call = std::make_shared<LaneCall>(queue, std::move(lease), listener);
  call->open(request);
  return std::make_unique<ClientLane>(std::move(call));
}

}  // namespace mm::transport
