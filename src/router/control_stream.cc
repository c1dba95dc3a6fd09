// SPDX-License-Identifier: MIT
#include "router/control_stream.h"

#include <algorithm>

#include "base/check.h"
#include "ops/log.h"
#include "router/limits.h"
#include "router/server_call.h"

namespace mm::router {
namespace {

constexpr size_t kOwnerProofBytesMost = 1'024;
constexpr int kVerifiersMost = 1'024;

constexpr const char* kPhaseNames[] = {"opened", "registered", "ending", "over"};

}  // namespace

void ControlStream::request(const Host& host, grpc::ServerCompletionQueue& queue) {
  const std::shared_ptr<ControlStream> stream(new ControlStream(host, queue));
  stream->context_.AsyncNotifyWhenDone(stream->over_.reserve());
  host.service.RequestCreateService(&stream->context_, &stream->stream_, &queue, &queue,
                                    stream->requested_.start(stream));
}

void ControlStream::on_requested(bool ok) {
  if (!ok) return;  // the server ends
  over_.adopt(shared_from_this());
  request(host_, queue_);
  host_.loop.post([self = shared_from_this()] { self->start(); });
}

void ControlStream::on_read(bool ok) {
  host_.loop.post([self = shared_from_this(), ok] { self->received(ok); });
}

void ControlStream::on_written(bool) {
  host_.loop.post([self = shared_from_this()] {
    self->is_writing_ = false;
    self->pump();
  });
}

void ControlStream::on_over(bool) {
  host_.loop.post([self = shared_from_this()] { self->over(); });
}

void ControlStream::start() {
  host_.guests.made_a_call(context_.peer());
  timer_.emplace(host_.loop);
  if (const base::Status status = check_metadata(context_); !status.ok()) {
    return refuse("malformed", status);
  }
  const auto caller = host_.switchboard.admit(credential_of(context_), config::kMayShare, "");
  if (!caller.ok()) return end(caller.status());
  host_.guests.is_known(context_.peer());
  timer_->after(host_.limits.registration_wait, [this] {
    refuse("registration_wait",
           base::error(base::Code::kDeadlineExceeded, "the first message did not come"));
  });
  stream_.Read(&request_, read_.start(shared_from_this()));
}

void ControlStream::received(bool ok) {
  if (phase_ != Phase::kOpened && phase_ != Phase::kRegistered) return;
  if (!ok) {  // half-closed; or lost, which over() tells
    enter(Phase::kEnding);
    pump();
    return;
  }
  if (phase_ == Phase::kOpened) {
    registration(request_.registration());
  } else if (request_.has_registration()) {
    malformed("this stream has registered a service already");
  } else if (request_.has_verifiers()) {
    if (!take_verifiers(request_.verifiers().ticket_verifier())) return;
  } else if (request_.has_heartbeat()) {
    Response response;
    response.mutable_heartbeat();
    send(std::move(response));
  }
  if (phase_ != Phase::kRegistered) return;
  timer_->after(host_.limits.silence, [this] {
    refuse("silence", base::error(base::Code::kDeadlineExceeded, "no heartbeat came"));
  });
  stream_.Read(&request_, read_.start(shared_from_this()));
}

void ControlStream::registration(const mindmeld::v1::Registration& registration) {
  if (!request_.has_registration()) {
    malformed("the first message must be a registration");
    return;
  }
  if (registration.port_hint() > UINT16_MAX) {
    malformed("port_hint is not a port number");
    return;
  }
  if (registration.owner_proof().size() > kOwnerProofBytesMost) {
    malformed("owner_proof is too long");
    return;
  }
  if (registration.share_instance().size() > kInstanceBytesMost) {
    malformed("share_instance is too long");
    return;
  }
  auto caller =
      host_.switchboard.admit(credential_of(context_), config::kMayShare, registration.name());
  if (!caller.ok()) return end(caller.status());
  caller_ = *std::move(caller);
  if (!take_verifiers(registration.ticket_verifier())) return;
  // A person's services are theirs from whatever machine.
  const bool is_person = caller_.is_person();
  const Offer offer{.name = registration.name(),
                    .kind = registration.kind(),
                    .port_hint = static_cast<uint16_t>(registration.port_hint()),
                    .owner_proof = is_person ? caller_.name : registration.owner_proof(),
                    .label = is_person ? caller_.name : registration.label(),
                    .instance = registration.share_instance(),
                    .start_time_ms = registration.start_time_ms(),
                    .is_again = registration.again()};
  const auto standing = host_.switchboard.add_share(offer, *this);
  if (!standing.ok()) {
    end(standing.status());
    return;
  }
  enter(Phase::kRegistered);
  Response response;
  response.mutable_registered()->set_router_instance(host_.switchboard.instance());
  response.mutable_registered()->set_public_url(host_.public_url);
  send(std::move(response));
  if (*standing == Registry::Standing::kSuperseded) superseded();
  host_.switchboard.announce_waiting(offer.name);
}

// False: they are not what they should be, and the stream ends.
bool ControlStream::take_verifiers(
    const google::protobuf::RepeatedPtrField<std::string>& verifiers) {
  std::vector<secure::Digest> digests;
  for (const std::string& verifier : verifiers) {
    secure::Digest& digest = digests.emplace_back();
    if (verifier.size() != digest.size() || verifiers.size() > kVerifiersMost) {
      malformed("ticket_verifier: wanted at most 1024, of 32 bytes each");
      return false;
    }
    std::copy(verifier.begin(), verifier.end(), digest.begin());
  }
  verifiers_ = std::move(digests);
  return true;
}

bool ControlStream::opens_to(const secure::Digest& proof) const {
  bool is_one = false;
  for (const secure::Digest& each : verifiers_) is_one |= secure::equal(each, proof);
  return is_one;
}

void ControlStream::forward(const std::string& service, const base::Token& token,
                            uint64_t generation) {
  Response response;
  mindmeld::v1::Forward& forward = *response.mutable_forward();
  forward.set_token(token.reveal());
  forward.set_generation(generation);
  forward.set_service(service);
  send(std::move(response));
}

void ControlStream::superseded() {
  Response response;
  response.mutable_superseded();
  send(std::move(response));
}

void ControlStream::draining() {
  Response response;
  response.mutable_draining();
  send(std::move(response));
}

void ControlStream::move(const base::Token& token) {
  Response response;
  response.mutable_move()->set_token(token.reveal());
  send(std::move(response));
}

void ControlStream::end(const base::Status& status) {
  if (phase_ == Phase::kEnding || phase_ == Phase::kOver) return;
  enter(Phase::kEnding);
  end_ = status;
  const bool is_thrown_out = status.code() == base::Code::kUnauthenticated ||
                             status.code() == base::Code::kPermissionDenied;
  host_.switchboard.remove_share(*this, !status.ok() && !is_thrown_out);
  timer_->after(host_.limits.end_patience, [this] { context_.TryCancel(); });
  pump();
}

void ControlStream::refuse(std::string_view reason, const base::Status& status) {
  host_.switchboard.count_refusal(reason, caller_of(context_));
  end(status);
}

void ControlStream::malformed(const std::string& message) {
  refuse("malformed", base::error(base::Code::kInvalidArgument, message));
}

void ControlStream::send(Response response) {
  if (phase_ != Phase::kRegistered) return;
  if (unsent_.size() >= host_.limits.messages_unsent) {
    unsent_.clear();
    refuse("unread_messages",
           base::error(base::Code::kResourceExhausted, "the share does not read its messages"));
    return;
  }
  unsent_.push_back(std::move(response));
  pump();
}

void ControlStream::pump() {
  if (is_writing_ || is_finished_ || phase_ == Phase::kOver) return;
  if (!unsent_.empty()) {
    is_writing_ = true;
    stream_.Write(unsent_.front(), written_.start(shared_from_this()));
    unsent_.pop_front();
  } else if (phase_ == Phase::kEnding) {
    is_finished_ = true;
    stream_.Finish(grpc_status(end_), finished_.start(shared_from_this()));
  }
}

void ControlStream::over() {
  const bool was_lost = context_.IsCancelled();
  if (was_lost && end_.ok()) host_.switchboard.count_refusal("call_lost", caller_of(context_));
  host_.switchboard.remove_share(*this, was_lost);
  enter(Phase::kOver);
  unsent_.clear();
  timer_.reset();  // here, on the loop: the last reference may go elsewhere
}

void ControlStream::enter(Phase next) {
  MM_CHECK(next > phase_);  // every edge forward is possible, none back
  ops::log(ops::Level::kDebug, "control.phase",
           {{"caller", caller_of(context_)},
            {"from", kPhaseNames[static_cast<size_t>(phase_)]},
            {"to", kPhaseNames[static_cast<size_t>(next)]}});
  phase_ = next;
}

}  // namespace mm::router
