// SPDX-License-Identifier: MIT
#include "router/lane.h"

#include "base/check.h"

namespace mm::router {
namespace {

base::Status status_of(LaneEnd end) {
  switch (end) {
    case LaneEnd::kDone:
      return absl::OkStatus();
    case LaneEnd::kPartnerLost:
      return base::error(base::Code::kAborted, "the other end's lane was lost");
    case LaneEnd::kNotAdmitted:
      return base::error(base::Code::kUnauthenticated,
                         "the pass of one of its two ends is not valid here any more");
    case LaneEnd::kShutdown:
      return base::error(base::Code::kUnavailable, "the router is shutting down");
  }
  MM_CHECK(false);
}

}  // namespace

void Lane::refuse(const base::Status& status) {
  // The reason given to the gate matters only while a write is outstanding.
  if (gate_.begin_finish(LaneEnd::kPartnerLost)) start_finish(status);
}

grpc::ByteBuffer Lane::take_message() {
  grpc::ByteBuffer message;
  message.Swap(&message_);
  return message;
}

bool Lane::write(const grpc::ByteBuffer& message, std::shared_ptr<Listener> listener) {
  if (!gate_.begin_write()) return false;
  start_write(message, std::move(listener));
  return true;
}

void Lane::finish(LaneEnd end) {
  if (gate_.begin_finish(end)) start_finish(status_of(end));
}

void Lane::write_completed() {
  const std::optional<LaneEnd> end = gate_.end_write();
  if (end) start_finish(status_of(*end));
}

}  // namespace mm::router
