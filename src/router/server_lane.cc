// SPDX-License-Identifier: MIT
#include "router/server_lane.h"

#include "router/server_call.h"

namespace mm::router {

void ServerLane::request(RawProxy& service, grpc::ServerCompletionQueue& queue, Host& host) {
  const std::shared_ptr<ServerLane> lane(new ServerLane(service, queue, host));
  lane->context_.AsyncNotifyWhenDone(lane->over_.reserve());
  service.RequestProxyConnection(&lane->context_, &lane->stream_, &queue, &queue,
                                 lane->requested_.start(lane));
}

void ServerLane::on_requested(bool ok) {
  if (!ok) return;  // the server ends
  over_.adopt(shared_from_this());
  request(service_, queue_, host_);
  host_.on_lane_opened(shared_from_this());
}

void ServerLane::admit() { stream_.SendInitialMetadata(admitted_.start(shared_from_this())); }

void ServerLane::read(std::shared_ptr<Listener> listener) {
  reader_ = std::move(listener);
  stream_.Read(&message_, read_.start(shared_from_this()));
}

void ServerLane::on_read(bool ok) {
  const std::shared_ptr<Listener> listener = std::move(reader_);
  listener->on_read(*this, ok);
}

void ServerLane::start_write(const grpc::ByteBuffer& message, std::shared_ptr<Listener> listener) {
  writer_ = std::move(listener);
  stream_.Write(message, written_.start(shared_from_this()));
}

void ServerLane::on_written(bool ok) {
  const std::shared_ptr<Listener> listener = std::move(writer_);
  write_completed();
  listener->on_written(*this, ok);
}

void ServerLane::start_finish(const base::Status& status) {
  stream_.Finish(grpc_status(status), finished_.start(shared_from_this()));
}

void ServerLane::cancel() { context_.TryCancel(); }

void ServerLane::on_over(bool) { host_.on_lane_over(shared_from_this(), context_.IsCancelled()); }

}  // namespace mm::router
