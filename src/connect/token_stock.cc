// SPDX-License-Identifier: MIT
#include "connect/token_stock.h"

#include <algorithm>
#include <utility>

namespace mm::connect {
namespace {

using base::Status;

constexpr uint32_t kFirstTokens = 2;
constexpr uint32_t kTokensMost = 16;  // the most that one call gives (control.proto)

// The router forgets an unused token after 10 minutes; one that is nearly so old is not tried.
constexpr base::Duration kGood = std::chrono::minutes(9);

}  // namespace

TokenStock::TokenStock(net::Loop& loop, transport::RouterClient& router, base::Random& random,
                       std::string service, base::Secret ticket, bool no_wait, Listener& listener)
    : loop_(loop),
      router_(router),
      service_(std::move(service)),
      ticket_(std::move(ticket)),
      listener_(listener),
      retry_(random, no_wait),
      wanted_(kFirstTokens),
      timer_(loop) {
  ask();
}

std::optional<TokenStock::Taken> TokenStock::take() {
  const base::TimePoint now = loop_.clock().now();
  while (!tokens_.empty() && tokens_.front().good_until <= now) tokens_.pop_front();
  std::optional<Taken> taken;
  if (tokens_.empty()) {
    wanted_ = std::min(2 * wanted_, kTokensMost);
  } else {
    taken = std::move(tokens_.front().taken);
    tokens_.pop_front();
  }
  if (tokens_.size() <= wanted_ / 2) ask();
  return taken;
}

void TokenStock::discard() {
  tokens_.clear();
  ask();
}

void TokenStock::stop() {
  stopped_ = true;
  timer_.cancel();
}

void TokenStock::retry_now() {
  retry_.reset();
  if (timer_.is_armed()) ask_again();
}

void TokenStock::ask_again() {
  timer_.cancel();
  asking_ = false;
  ask();
}

void TokenStock::ask() {
  if (asking_ || stopped_) return;
  asking_ = true;
  const auto missing = wanted_ - static_cast<uint32_t>(std::min<size_t>(tokens_.size(), wanted_));
  router_.forward_to_service(
      {.service = service_, .count = std::max(missing, 1u), .ticket = ticket_},
      [this](base::StatusOr<transport::Forwards> answer) { on_answer(std::move(answer)); });
}

void TokenStock::on_answer(base::StatusOr<transport::Forwards> answer) {
  if (stopped_) return;
  if (!answer.ok()) return on_failure(answer.status());
  if (answer->tokens.empty()) {
    return on_failure(base::error(base::Code::kUnavailable, "the router gave no token"));
  }
  asking_ = false;
  retry_.reset();
  const base::TimePoint good_until = loop_.clock().now() + kGood;
  for (const base::Token& token : answer->tokens) {
    tokens_.push_back({{token, answer->share_instance}, good_until});
  }
  listener_.on_tokens(answer->port_hint);
}

void TokenStock::on_failure(const Status& status) {
  const transport::Retry::Decision decision = retry_.on_failure(status, loop_.clock().now());
  if (!decision.again_after) return listener_.on_given_up(status, decision.exit_code);
  timer_.after(*decision.again_after, [this] { ask_again(); });
  listener_.on_away(status);
}

}  // namespace mm::connect
