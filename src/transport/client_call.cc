// SPDX-License-Identifier: MIT
#include "transport/client_call.h"

#include <utility>

#include "base/base64url.h"
#include "base/check.h"
#include "ops/log.h"

namespace mm::transport {

CallQueue::CallQueue(net::Loop& loop, LoopQueue& queue, RouterClient::Options options)
    : loop_(loop), options_(std::move(options)), queue_(queue) {}

CallQueue::~CallQueue() { MM_CHECK(is_stopped_); }

void CallQueue::stop() {
  // Abandoning one call can end the last hold on another.
  std::vector<std::shared_ptr<ClientCall>> calls;
  for (ClientCall* call : calls_) calls.push_back(call->shared_from_this());
  for (const auto& call : calls) call->abandon();
  tls_questions_.clear();
  tls_probe_.reset();
  while (operations_ > 0) queue_.take_one();
  is_stopped_ = true;
}

void CallQueue::fail_all(const base::Status& cause) {
  for (ClientCall* call : calls_) call->fail(cause);
}

void CallQueue::present(grpc::ClientContext& context, const base::Secret& ticket) const {
  constexpr const char* kKey = "mindmeld-auth";
  const std::string_view proof = (ticket.empty() ? options_.ticket : ticket).reveal();
  if (!proof.empty()) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(proof.data());
    context.AddMetadata(kKey, "ticket " + base::to_base64url({bytes, proof.size()}));
  } else if (!options_.pass.empty()) {
    context.AddMetadata(kKey, "person " + std::string(options_.pass.reveal()));
  }
}

void CallQueue::ask_tls(std::function<void(const TlsAnswer&)> then) {
  tls_questions_.push_back(std::move(then));
  if (tls_probe_) return;
  const auto on_answer = [this](const TlsAnswer& answer) {
    const std::unique_ptr<TlsProbe> over = std::move(tls_probe_);
    for (const auto& question : std::exchange(tls_questions_, {})) question(answer);
  };
  tls_probe_ = std::make_unique<TlsProbe>(loop_, router(), options_.ca_file, on_answer);
}

void* ClientCall::Operation::start() {
  MM_CHECK(!running_ && !call_.abandoned_);
  running_ = true;
  ++call_.queue_->operations_;
  keep_ = call_.shared_from_this();
  return static_cast<Completion*>(this);
}

// In a turn of the loop's own: it may come while a client is being destroyed, when nothing of the
// others may run.
void ClientCall::Operation::complete(bool ok) {
  --call_.queue_->operations_;
  call_.queue_->loop().post([this, ok, keep = std::move(keep_)] {
    running_ = false;
    if (!keep->abandoned_) handler_(ok);
  });
}

ClientCall::ClientCall(std::shared_ptr<CallQueue> queue, ChannelPool::Lease lease)
    : queue_(std::move(queue)), lease_(std::move(lease)) {
  queue_->calls_.insert(this);
}

ClientCall::~ClientCall() { queue_->calls_.erase(this); }

void ClientCall::abandon() {
  context_.TryCancel();
  forget();
}

void ClientCall::forget() {
  if (std::exchange(abandoned_, true)) return;
  on_abandoned();
}

void ClientCall::fail(base::Status cause) {
  if (!cause_.ok()) return;
  cause_ = std::move(cause);
  context_.TryCancel();
}

void ClientCall::conclude(const grpc::Status& status,
                          std::function<void(const base::Status&)> then) {
  const CallEnd end = call_end(status, context_);
  ops::log(
      ops::Level::kDebug, "call.ended",
      {{"code", static_cast<int>(end.code)}, {"text", end.text}, {"by_router", end.from_router}});
  const base::Status said = cause_.ok() ? translate(end, queue_->router()) : cause_;
  // A router that is about to end says so on every call of this connection: the next one is to
  // reach what comes after it.
  const bool is_useless = !end.from_router || end.code == grpc::StatusCode::UNAVAILABLE;
  if (is_useless && !said.ok()) lease_.mark_failed();
  if (end.from_router || said.ok()) queue_->met_router();
  // A router that is killed cuts off whoever dials it, too: what it spoke before is no question,
  // and a hundred ends that all ask it are no help to the one that starts.
  const bool is_unclear = queue_->router().tls ? has_failed_in_tls(end)
                                               : !queue_->has_met_router() && may_speak_tls(end);
  if (!cause_.ok() || !is_unclear) return then(said);
  queue_->ask_tls([this, keep = shared_from_this(), said, then](const TlsAnswer& answer) {
    if (abandoned_) return;
    const config::RouterUrl& asked = queue_->router();
    if (!asked.tls) return then(answer.speaks_tls ? speaks_tls(asked) : said);
    if (!answer.untrusted.empty()) {
      return then(untrusted(asked, answer.untrusted + ": " + answer.remedy));
    }
    then(answer.lacks_http2 ? no_http2(asked) : said);
  });
}

}  // namespace mm::transport
