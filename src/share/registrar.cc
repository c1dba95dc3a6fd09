// SPDX-License-Identifier: MIT
#include "share/registrar.h"

#include <utility>

#include "ops/log.h"

namespace mm::share {
namespace {

using base::Status;

// How often a new router beside the old one is looked for: a redeploy leaves the old one running
// for as long as it has streams, and who connects now meets the new one, which does not know the
// service yet, and waits for 15 s (--hold). Drawn from 5 to 10 s: shares do not ask all at once.
constexpr base::Duration kLookLeast = std::chrono::seconds(5);
constexpr base::Duration kLookJitter = std::chrono::seconds(5);

}  // namespace

struct Registrar::Stream final : transport::Registration::Listener {
  explicit Stream(Registrar& registrar) : owner(registrar) {}

  void on_registered(const std::string& router_instance, const std::string& public_url) override {
    instance = router_instance;
    owner.registered(*this, public_url);
  }
  void on_forward(const base::Token& token, uint64_t generation) override {
    owner.listener_.on_forward(token, generation);
  }
  void on_superseded() override { owner.superseded(*this); }
  void on_draining() override {
    ops::log(ops::Level::kInfo, "share.router_draining", {{"service", owner.request_.name}});
    if (!owner.next_ && !owner.is_superseded_) owner.relocate();
  }
  void on_move(const base::Token& token) override { owner.listener_.on_move(token); }
  void on_ended(const Status& status) override { owner.ended(*this, status); }

  Registrar& owner;
  std::string instance;                                   // of the router
  std::unique_ptr<transport::Registration> registration;  // last: it goes first
};

Registrar::Registrar(const Context& context, transport::RegistrationRequest request, bool no_wait,
                     Listener& listener)
    : context_(context),
      request_(std::move(request)),
      listener_(listener),
      retry_(context.random, no_wait),
      retry_timer_(context.loop),
      look_timer_(context.loop) {
  open();
}

Registrar::~Registrar() { *alive_ = false; }

void Registrar::rename(transport::RegistrationRequest request) {
  request_ = std::move(request);
  retry_timer_.after(base::Duration::zero(), [this] { open(); });
}

void Registrar::update(transport::RegistrationRequest request) {
  request.is_again = request_.is_again;
  request_ = std::move(request);
  if (current_ || next_) open();
}

void Registrar::update_verifiers(std::vector<std::string> verifiers) {
  request_.ticket_verifiers = std::move(verifiers);
  for (const auto* stream : {&current_, &next_}) {
    if (*stream) (*stream)->registration->update_verifiers(request_.ticket_verifiers);
  }
}

void Registrar::retry_now() {
  retry_.reset();
  if (retry_timer_.is_armed()) open();
}

void Registrar::open() {
  retry_timer_.cancel();
  next_ = std::make_unique<Stream>(*this);
  next_->registration = context_.router.create_service(request_, *next_);
}

void Registrar::registered(Stream& stream, const std::string& public_url) {
  ops::log(ops::Level::kInfo, "share.registered",
           {{"service", request_.name}, {"router", stream.instance}});
  const std::unique_ptr<Stream> old = std::exchange(current_, std::move(next_));
  request_.is_again = true;
  retry_.reset();
  context_.watch.back();
  look_for_another_router();
  listener_.on_registered(public_url);
  if (old && old->instance != current_->instance) listener_.on_relocated();
}

// While a stream of our own is on its way it is that one which took the name.
void Registrar::superseded(Stream& stream) {
  if (&stream != current_.get() || next_ || std::exchange(is_superseded_, true)) return;
  look_timer_.cancel();
  listener_.on_superseded();
}

void Registrar::ended(Stream& stream, const Status& status) {
  const bool was_current = &stream == current_.get();
  const std::unique_ptr<Stream> gone = std::move(was_current ? current_ : next_);
  if (is_superseded_ || next_ || (was_current && retry_timer_.is_armed())) return;
  if (was_current) look_timer_.cancel();
  const auto decision = retry_.on_failure(status, context_.loop.clock().now());
  if (!decision.again_after && !current_) return listener_.on_failed(status, decision.exit_code);
  // What is no router is said once, when it is sure.
  const bool is_stranger = status.code() == base::Code::kFailedPrecondition;
  if (!current_ && !is_stranger) context_.watch.lost(base::message(status));
  if (!decision.again_after) return look_for_another_router();
  retry_timer_.after(*decision.again_after, [this] { open(); });
}

void Registrar::look_for_another_router() {
  const auto jitter = static_cast<int64_t>(context_.random.below(kLookJitter.count()));
  look_timer_.after(kLookLeast + base::Duration(jitter), [this] {
    context_.router.find_router([this, alive = alive_](base::StatusOr<std::string> instance) {
      if (!*alive || !current_ || next_ || is_superseded_ || retry_timer_.is_armed()) return;
      const bool is_other = instance.ok() && !instance->empty() && *instance != current_->instance;
      if (is_other) return relocate();
      look_for_another_router();
    });
  });
}

void Registrar::relocate() {
  context_.router.renew();
  open();
}

}  // namespace mm::share
