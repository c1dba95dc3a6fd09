// SPDX-License-Identifier: MIT
#include "transport/tls_probe.h"

#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <utility>

namespace mm::transport {
namespace {

constexpr std::chrono::seconds kProbeTimeout{3};

class TlsProbe final : public ClientCall {
 public:
  TlsProbe(std::shared_ptr<CallQueue> queue, ChannelPool::Lease lease,
           std::function<void(bool)> then)
      : ClientCall(std::move(queue), std::move(lease)), then_(std::move(then)) {}

  void start() {
    context().set_deadline(std::chrono::system_clock::now() + kProbeTimeout);
    grpc::GenericStub stub(channel());
    reader_ = stub.PrepareUnaryCall(&context(), "/mindmeld.v1.ControlService/ListServices",
                                    grpc::ByteBuffer(), queue().queue());
    reader_->StartCall();
    reader_->Finish(&response_, &status_, finish_.start());
  }

 private:
  void on_abandoned() override { then_ = nullptr; }

  Operation finish_{*this, [this](bool) { then_(shows_tls(call_end(status_, context()))); }};
  std::function<void(bool)> then_;
  grpc::Status status_;
  grpc::ByteBuffer response_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
};

}  // namespace

void start_tls_probe(const std::shared_ptr<CallQueue>& queue,
                     std::function<void(bool speaks_tls)> then) {
  const auto pool = std::make_shared<ChannelPool>(
      queue->loop().clock(), queue->router(), make_trusting_credentials(), Traffic::kControl, 1);
  std::make_shared<TlsProbe>(queue, pool->take(), std::move(then))->start();
}

}  // namespace mm::transport
