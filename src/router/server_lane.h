// SPDX-License-Identifier: MIT
// ServerLane: a lane that is a gRPC call. It stays on the completion queue on which it was
// requested, and lives as long as gRPC holds one of its operations or somebody else holds it.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <memory>

#include "proxy.grpc.pb.h"
#include "router/lane.h"
#include "transport/operation.h"

namespace mm::router {

class ServerLane final : public Lane, public std::enable_shared_from_this<ServerLane> {
 public:
  using RawProxy = mindmeld::v1::ProxyService::WithRawMethod_ProxyConnection<
      mindmeld::v1::ProxyService::Service>;

  // Told on the queue's thread. Outlives the server.
  class Host {
   public:
    virtual ~Host() = default;
    virtual void on_lane_opened(std::shared_ptr<ServerLane> lane) = 0;
    // Its call is over; operations may still come back, without success. `was_lost`: the stream
    // broke before we had finished it.
    virtual void on_lane_over(std::shared_ptr<ServerLane> lane, bool was_lost) = 0;
  };

  // Takes the next call that comes, on `queue`; and when it has come, the one after that.
  static void request(RawProxy& service, grpc::ServerCompletionQueue& queue, Host& host);

  const grpc::ServerContext& context() const { return context_; }

  void admit() override;
  void read(std::shared_ptr<Listener> listener) override;
  void cancel() override;

 private:
  using Operation = transport::Operation<ServerLane>;

  ServerLane(RawProxy& service, grpc::ServerCompletionQueue& queue, Host& host)
      : service_(service), queue_(queue), host_(host) {}

  void start_write(const grpc::ByteBuffer& message, std::shared_ptr<Listener> listener) override;
  void start_finish(const base::Status& status) override;

  void on_requested(bool ok);
  void on_admitted(bool) {}
  void on_read(bool ok);
  void on_written(bool ok);
  void on_finished(bool) {}
  void on_over(bool ok);

  RawProxy& service_;
  grpc::ServerCompletionQueue& queue_;
  Host& host_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_{&context_};
  std::shared_ptr<Listener> reader_;  // while a read is outstanding
  std::shared_ptr<Listener> writer_;  // while a write is

  Operation requested_{&ServerLane::on_requested};
  Operation admitted_{&ServerLane::on_admitted};
  Operation read_{&ServerLane::on_read};
  Operation written_{&ServerLane::on_written};
  Operation finished_{&ServerLane::on_finished};
  Operation over_{&ServerLane::on_over};
};

}  // namespace mm::router
