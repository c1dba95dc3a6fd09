// SPDX-License-Identifier: MIT
// A stream to the router and back, messages of any type: what a lane and a registration have in
// common. Always reads, one message at a time, so that at most one is held here; writes one at a
// time. All on the loop.
#pragma once

#include <grpcpp/support/async_stream.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "transport/client_call.h"

namespace mm::transport {

template <typename Out, typename In>
class StreamCall : public ClientCall {
 protected:
  using Stream = grpc::ClientAsyncReaderWriter<Out, In>;

  using ClientCall::ClientCall;

  // Fails if the router does not accept it in time. The call goes out with the first message, in
  // one packet. Once.
  void start(std::unique_ptr<Stream> stream) {
    stream_ = std::move(stream);
    stream_->StartCall(nullptr);  // corked: gives no tag back
    stream_->ReadInitialMetadata(accept_.start());
    answer_timer_.emplace(queue().loop());
    answer_timer_->after(queue().timing().answer, [this] { fail(no_answer(queue().router())); });
  }

  // What prepares a call for start() must be told first.
  grpc::ClientContext& corked_context() {
    context().set_initial_metadata_corked(true);
    return context();
  }

  bool can_send() const { return !write_.is_running() && !sent_end_; }

  void send(const Out& message) {
    MM_CHECK(can_send());
    if (!over_) queue().start([&] { stream_->Write(message, write_.start()); });
  }

  // send() and send_end() in one. Require: can_send().
  void send_last(const Out& message) {
    MM_CHECK(can_send());
    sent_end_ = true;
    if (!over_) queue().start([&] { stream_->WriteLast(message, {}, write_.start()); });
  }

  // No message follows. Require: can_send().
  void send_end() {
    MM_CHECK(can_send());
    sent_end_ = true;
    if (!over_) queue().start([&] { stream_->WritesDone(write_.start()); });
  }

  void on_abandoned() override { answer_timer_.reset(); }

 private:
  virtual void on_accepted() = 0;
  virtual void on_received(In& message) = 0;
  virtual void on_sent() = 0;                            // the last send() is on its way
  virtual void on_over(const base::Status& status) = 0;  // nothing follows

  // An operation that fails says only that the call is over; Finish says why.
  void on_accept(bool ok) {
    answer_timer_.reset();
    if (!ok) return finish();
    queue().met_router();
    on_accepted();
    read_next();
  }

  void on_read(bool ok) {
    if (!ok) return finish();
    on_received(message_);
    read_next();
  }

  // A failed write is followed by a failed read, and that one ends the call: so what came before
  // the end is still delivered.
  void on_written(bool ok) {
    if (over_) return tell_when_idle();
    if (ok && !sent_end_) on_sent();
  }

  void on_finish() {
    over_ = true;
    tell_when_idle();
  }

  void read_next() {
    if (!is_abandoned()) stream_->Read(&message_, read_.start());
  }

  void finish() { stream_->Finish(&status_, finish_.start()); }

  void tell_when_idle() {
    if (write_.is_running()) return;
    conclude(status_, [this](const base::Status& status) { on_over(status); });
  }

  Operation accept_{*this, [this](bool ok) { on_accept(ok); }};
  Operation read_{*this, [this](bool ok) { on_read(ok); }};
  Operation write_{*this, [this](bool ok) { on_written(ok); }};
  Operation finish_{*this, [this](bool) { on_finish(); }};
  std::optional<net::Timer> answer_timer_;
  In message_;
  grpc::Status status_;
  bool sent_end_ = false;
  bool over_ = false;               // Finish came back
  std::unique_ptr<Stream> stream_;  // in memory of the call: goes before the context
};

}  // namespace mm::transport
