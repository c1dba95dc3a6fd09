// SPDX-License-Identifier: MIT
// Lane: one ProxyConnection call as rendezvous and bridge see it. Keeps the order that gRPC
// demands; ServerLane (server_lane.h) performs the operations, the tests' lanes pretend to.
// Messages are moved unread.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <memory>

#include "base/status.h"
#include "router/send_gate.h"

namespace mm::router {

class Lane {
 public:
  // Told on the thread of the lane whose operation ended; kept alive while one is outstanding.
  class Listener {
   public:
    virtual ~Listener() = default;

    // ok: take_message() has it. Otherwise nothing more comes: the lane was half-closed, or is
    // lost, which only the call's end tells.
    virtual void on_read(Lane& lane, bool ok) = 0;

    // The lane takes the next message. False: it is lost.
    virtual void on_written(Lane& lane, bool ok) = 0;
  };

  virtual ~Lane() = default;

  // Tells its end that it waits now, or is joined. Once, before anything else, on the loop.
  virtual void admit() = 0;

  // Ends a lane that was never joined. On the loop.
  void refuse(const base::Status& status);

  // Require: no read is outstanding.
  virtual void read(std::shared_ptr<Listener> listener) = 0;
  grpc::ByteBuffer take_message();

  // False: the lane is being finished, the message is dropped and nothing is told. Require: the
  // previous write was answered.
  bool write(const grpc::ByteBuffer& message, std::shared_ptr<Listener> listener);

  // Ends the lane in its turn, after an outstanding write. From any thread, any number of times;
  // the first reason counts.
  void finish(LaneEnd end);
  bool is_finishing() const { return gate_.is_finishing(); }

  // Ends the lane and what is outstanding at once. From any thread.
  virtual void cancel() = 0;

 protected:
  virtual void start_write(const grpc::ByteBuffer& message, std::shared_ptr<Listener> listener) = 0;
  virtual void start_finish(const base::Status& status) = 0;

  // For the implementation, when a write has completed and before its listener is told.
  void write_completed();

  grpc::ByteBuffer message_;  // the read's

 private:
  SendGate gate_;
};

}  // namespace mm::router
