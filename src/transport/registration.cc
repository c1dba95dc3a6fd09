// SPDX-License-Identifier: MIT
#include "transport/registration.h"

#include <utility>

#include "control.grpc.pb.h"
#include "ops/log.h"
#include "transport/stream_call.h"

namespace mm::transport {
namespace {

using mindmeld::v1::CreateServiceRequest;
using mindmeld::v1::CreateServiceResponse;

class RegistrationCall final : public StreamCall<CreateServiceRequest, CreateServiceResponse> {
 public:
  RegistrationCall(std::shared_ptr<CallQueue> queue, ChannelPool::Lease lease,
                   Registration::Listener& listener)
      : StreamCall(std::move(queue), std::move(lease)), listener_(listener) {}

  void open(const RegistrationRequest& request) {
    mindmeld::v1::ControlService::Stub stub(channel());
    queue().present(corked_context());
    start(stub.PrepareAsyncCreateService(&corked_context(), queue().queue()));
    CreateServiceRequest message;
    auto& registration = *message.mutable_registration();
    registration.set_name(request.name);
    registration.set_kind("tcp");
    registration.set_port_hint(request.port_hint);
    registration.set_owner_proof(request.owner_proof);
    registration.set_label(request.label);
    registration.set_share_instance(request.share_instance);
    registration.set_start_time_ms(request.start_time_ms);
    registration.set_again(request.is_again);
    for (const std::string& each : request.ticket_verifiers) registration.add_ticket_verifier(each);
    send(message);
  }

  void update_verifiers(const std::vector<std::string>& verifiers) {
    auto& message = *unsent_.emplace().mutable_verifiers();
    for (const std::string& each : verifiers) message.add_ticket_verifier(each);
    if (can_send()) on_sent();
  }

  // Gives the name up in order, so that the router does not take the share for lost.
  void leave() {
    if (can_send()) {
      send_end();
      forget();
    } else {
      abandon();
    }
  }

 private:
  void on_accepted() override {
    expect_message();
    beat_later();
  }

  void on_received(CreateServiceResponse& message) override {
    expect_message();
    switch (message.kind_case()) {
      case CreateServiceResponse::kRegistered:
        return listener_.on_registered(message.registered().router_instance(),
                                       message.registered().public_url());
      case CreateServiceResponse::kForward:
        return forward(message.forward());
      case CreateServiceResponse::kSuperseded:
        return listener_.on_superseded();
      case CreateServiceResponse::kDraining:
        return listener_.on_draining();
      case CreateServiceResponse::kMove:
        return move(message.move());
      case CreateServiceResponse::kHeartbeat:
      case CreateServiceResponse::KIND_NOT_SET:  // of a newer router
        return;
    }
  }

  void on_sent() override {
    if (unsent_) send(*std::exchange(unsent_, std::nullopt));
  }

  void on_over(const base::Status& status) override {
    stop_timers();
    if (!status.ok()) return listener_.on_ended(status);
    listener_.on_ended(
        base::error(base::Code::kUnavailable,
                    "the router at " + queue().router().text() + " ended the registration"));
  }

  void on_abandoned() override {
    StreamCall::on_abandoned();
    stop_timers();
  }

  void forward(const mindmeld::v1::Forward& forward) {
    const auto token = base::Token::parse(forward.token());
    if (token) return listener_.on_forward(*token, forward.generation());
    ops::log(ops::Level::kWarn, "registration.bad_forward",
             {{"token_bytes", forward.token().size()}});
  }

  void move(const mindmeld::v1::Move& move) {
    if (const auto token = base::Token::parse(move.token())) listener_.on_move(*token);
  }

  void expect_message() {
    silence_.after(queue().timing().silence, [this] { fail(no_answer(queue().router())); });
  }

  void beat_later() {
    heartbeat_.after(queue().timing().heartbeat, [this] {
      CreateServiceRequest message;
      message.mutable_heartbeat();
      if (can_send()) send(message);
      beat_later();
    });
  }

  void stop_timers() {
    silence_.cancel();
    heartbeat_.cancel();
  }

  Registration::Listener& listener_;            // alive until the call is abandoned
  std::optional<CreateServiceRequest> unsent_;  // verifiers that wait for another write
  net::Timer silence_{queue().loop()};
  net::Timer heartbeat_{queue().loop()};
};

// The owner's hold on a registration; the call itself lives until gRPC has let go of it.
class ClientRegistration final : public Registration {
 public:
  explicit ClientRegistration(std::shared_ptr<RegistrationCall> call) : call_(std::move(call)) {}
  ~ClientRegistration() override { call_->leave(); }

  void update_verifiers(const std::vector<std::string>& verifiers) override {
    call_->update_verifiers(verifiers);
  }

 private:
  const std::shared_ptr<RegistrationCall> call_;
};

}  // namespace

std::unique_ptr<Registration> open_registration(const std::shared_ptr<CallQueue>& queue,
                                                ChannelPool::Lease lease,
                                                const RegistrationRequest& request,
                                                Registration::Listener& listener) {
  auto call = std::make_shared<RegistrationCall>(queue, std::move(lease), listener);
  call->open(request);
  return std::make_unique<ClientRegistration>(std::move(call));
}

}  // namespace mm::transport
