// SPDX-License-Identifier: MIT
#include "connect/connector.h"

#include <algorithm>
#include <utility>

#include "net/standard_stream.h"
#include "ops/log.h"
#include "secure/log_id.h"
#include "secure/proof.h"
#include "tunnel/sealed_stream.h"

namespace mm::connect {
namespace {

using base::ExitCode;
using base::Status;
using config::Endpoint;
using tunnel::Tunnel;
using wire::ResetCode;

// Connections that wait for a service at once; each holds a file descriptor.
constexpr size_t kWaitingMost = 1'024;

constexpr uint16_t kFirstUnprivilegedPort = 1'024;

}  // namespace

Connector::Connector(Context& context, config::ConnectedService service, std::optional<Key> key,
                     std::function<void(ExitCode)> on_over)
    : context_(context),
      service_(std::move(service)),
      remote_name_(service_.ticket ? service_.ticket->service : service_.name),
      key_(std::move(key)),
      on_over_(std::move(on_over)),
      hold_timer_(context.loop) {
  if (key_) tls_.emplace(key_->share_key);
}

ExitCode Connector::start() {
  if (service_.listen && !is_standard()) {
    const Status status = listen(*service_.listen);
    if (!status.ok()) {
      context_.events.error("cannot_listen", base::message(status));
      return ExitCode::kCannotListen;
    }
  }
  stock_ = std::make_unique<TokenStock>(context_.loop, context_.router, context_.random,
                                        remote_name_, admission(), context_.config.no_wait, *this);
  if (is_standard()) accept(std::make_unique<net::StandardStream>(context_.loop));
  return ExitCode::kDone;
}

void Connector::stop() {
  stopped_ = true;
  listener_.reset();
  if (stock_) stock_->stop();
  hold_timer_.cancel();
  for (Waiting& waiting : std::exchange(waiting_, {})) give_up(std::move(waiting));
}

bool Connector::is_standard() const {
  return service_.listen && service_.listen->kind == Endpoint::Kind::kStandard;
}

// ---- the listener

Status Connector::listen(const Endpoint& endpoint) {
  auto listener = net::Listener::open(
      context_.loop, endpoint,
      [this](std::unique_ptr<net::Socket> socket) { accept(std::move(socket)); });
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  for (const std::string& address : listener_->local_addresses()) {
    context_.events.listening(service_.name, address);
  }
  context_.on_listening();
  return absl::OkStatus();
}

// Without LISTEN the port is the target's own, if it can be had; the one that is found instead is
// kept for the life of the process.
void Connector::listen_at(uint16_t port_hint) {
  Endpoint endpoint;
  if (port_hint != 0) {
    Status status = base::error(base::Code::kPermissionDenied, "ports below 1024 are for root");
    endpoint.port = port_hint;
    if (port_hint >= kFirstUnprivilegedPort) status = listen(endpoint);
    if (status.ok()) return;
    context_.events.note(service_.name + " gets another port than its own, " +
                         std::to_string(port_hint) + ": " + base::message(status));
    endpoint.port = 0;
  }
  const Status status = listen(endpoint);
  if (status.ok()) return;
  context_.events.error("cannot_listen", base::message(status));
  on_over_(ExitCode::kCannotListen);
}

// ---- connections without a lane

void Connector::accept(std::unique_ptr<net::Stream> stream) {
  if (waiting_.size() >= kWaitingMost) {
    ops::log(ops::Level::kWarn, "connect.too_many_waiting", {{"service", service_.name}});
    return stream->reset();
  }
  Waiting waiting;
  waiting.stream = std::move(stream);
  waiting.deadline = context_.loop.clock().now() + context_.config.hold;
  waiting_.push_back(std::move(waiting));
  serve_waiting();
}

void Connector::serve_waiting() {
  while (!waiting_.empty()) {
    const std::optional<TokenStock::Taken> taken = stock_->take();
    if (!taken) break;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    open(std::move(next), *taken);
  }
  expire_waiting();
}

void Connector::open(Waiting waiting, const TokenStock::Taken& taken) {
  const std::string id = secure::log_id(taken.token);
  if (waiting.tunnel == nullptr) {
    waiting.tunnel = &context_.tunnels.open(
        *this, id, "application", key_ ? wire::Protection::kTls : wire::Protection::kNone);
    connections_.try_emplace(waiting.tunnel, waiting.deadline, context_);
    context_.events.connection_open(id, service_.name);
    waiting.tunnel->set_local(key_ ? seal(std::move(waiting.stream)) : std::move(waiting.stream));
  } else {
    ops::log(ops::Level::kInfo, "connect.token_replaced",
             {{"t", waiting.tunnel->log_id()}, {"new_t", id}});
  }
  Connection& connection = connections_.at(waiting.tunnel);
  if (connection.may_have_passed && connection.share_instance != taken.share_instance) {
    return waiting.tunnel->abort(
        {ResetCode::kLaneLost, "the share was restarted, and may have had some of this already"});
  }
  connection.share_instance = taken.share_instance;
  waiting.tunnel->attach([this, taken](uint64_t generation, wire::Lane::Listener& listener) {
    return context_.router.open_lane({.token = taken.token,
                                      .role = transport::Role::kConnect,
                                      .service = remote_name_,
                                      .generation = generation,
                                      .share_instance = taken.share_instance,
                                      .ticket = admission()},
                                     listener);
  });
}

std::unique_ptr<net::Stream> Connector::seal(std::unique_ptr<net::Stream> stream) {
  auto prove = [this](const secure::Digest& exporter) {
    if (!std::exchange(was_used_, true) && key_->on_first_use) key_->on_first_use();
    return secure::ticket_proof(key_->secret, exporter);
  };
  return std::make_unique<tunnel::SealedStream>(context_.loop, tls_->open(), std::move(prove),
                                                std::move(stream));
}

void Connector::expire_waiting() {
  const base::TimePoint now = context_.loop.clock().now();
  while (!waiting_.empty() && waiting_.front().deadline <= now) {
    Waiting expired = std::move(waiting_.front());
    waiting_.pop_front();
    give_up(std::move(expired));
  }
  if (waiting_.empty()) return hold_timer_.cancel();
  hold_timer_.after(waiting_.front().deadline - now, [this] { expire_waiting(); });
}

void Connector::give_up(Waiting waiting) {
  const std::string why = away_.ok()
                              ? "nobody shared \"" + service_.name + "\" within the time of --hold"
                              : base::message(away_);
  if (waiting.tunnel != nullptr) return waiting.tunnel->abort({ResetCode::kRefused, why});
  ops::log(ops::Level::kInfo, "connect.gave_up", {{"service", service_.name}});
  waiting.stream->reset();
  if (!is_standard() || stopped_) return;
  context_.events.error("no_such_service", why);
  on_over_(ExitCode::kInternal);
}

// ---- the service

void Connector::on_tokens(uint16_t port_hint) {
  away_ = absl::OkStatus();
  context_.watch.back();
  if (wait_told_ == base::Code::kNotFound) {
    wait_told_ = base::Code::kOk;
    context_.events.note("service \"" + service_.name + "\" is there");
  }
  if (stopped_) return;
  if (!listener_ && !is_standard()) listen_at(port_hint);
  serve_waiting();
}

void Connector::on_away(const Status& status) {
  if (status.code() == base::Code::kUnavailable || status.code() == base::Code::kAborted ||
      status.code() == base::Code::kFailedPrecondition) {
    away_ = status;
    // What is no router is said once, when it is sure.
    if (status.code() == base::Code::kFailedPrecondition) return;
    return context_.watch.lost(base::message(status));
  }
  away_ = status.code() == base::Code::kNotFound ? absl::OkStatus() : status;
  context_.watch.back();
  tell_wait(status);
}

// Once, however many connections wait for it.
void Connector::tell_wait(const Status& status) {
  if (std::exchange(wait_told_, status.code()) == status.code()) return;
  if (status.code() == base::Code::kNotFound) return tell_absence(base::message(status));
  context_.events.note("connections to \"" + service_.name + "\" wait: " + base::message(status));
}

// What it waits for, and what there is, where one may know: a mistyped name is seen at once.
void Connector::tell_absence(const std::string& why) {
  context_.router.list_services({}, [this, why](base::StatusOr<transport::Listing> listing) {
    if (wait_told_ != base::Code::kNotFound) return;
    if (!listing.ok()) {
      return context_.events.note("waiting for service \"" + service_.name + "\": " + why);
    }
    std::string names;
    for (const transport::ServiceInfo& service : listing->services) {
      names += (names.empty() ? "" : ", ") + service.name + (service.away ? " (away)" : "");
    }
    context_.events.note("waiting for service \"" + service_.name + "\"; the router has " +
                         (names.empty() ? "none now" : names));
  });
}

void Connector::on_given_up(const Status& status, ExitCode exit_code) {
  context_.events.given_up(status, exit_code);
  on_over_(exit_code);
}

// ---- connections with a lane

// By the router, as unknown: nobody has had a byte. By the share, as not its own: then no other
// process of the share may have had any, or they would be delivered twice. Another token is tried,
// until the connection was held for long enough.
void Connector::on_refused(Tunnel& tunnel, const Status& status) {
  Connection& connection = connections_.at(&tunnel);
  connection.may_have_passed = connection.may_have_passed || status.code() == base::Code::kAborted;
  const base::TimePoint now = context_.loop.clock().now();
  if (stopped_ || connection.deadline <= now) {
    return tunnel.abort({ResetCode::kRefused, base::message(status)});
  }
  stock_->discard();
  connection.again_timer.after(connection.backoff.next(now), [this, &tunnel] { again(tunnel); });
}

void Connector::again(Tunnel& tunnel) {
  Waiting waiting;
  waiting.tunnel = &tunnel;
  waiting.deadline = connections_.at(&tunnel).deadline;
  if (stopped_) return give_up(std::move(waiting));
  const auto later = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& other) {
    return other.deadline > waiting.deadline;
  });
  waiting_.insert(later, std::move(waiting));
  serve_waiting();
}

void Connector::on_lane_lost(Tunnel&, const Status& status) {
  if (status.code() == base::Code::kUnavailable) context_.watch.lost(base::message(status));
  if (status.code() == base::Code::kResourceExhausted) tell_wait(status);
}

void Connector::on_lane_back(Tunnel&) { context_.watch.back(); }

void Connector::on_move_asked(Tunnel& tunnel) {
  context_.router.renew();
  tunnel.move();
}

void Connector::on_local_over(Tunnel& tunnel, const Tunnel::Ending& ending) {
  connections_.at(&tunnel).again_timer.cancel();
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.tunnel == &tunnel; });
  context_.events.connection_closed(tunnel.log_id(), service_.name, ending.sent_bytes,
                                    ending.delivered_bytes, ending.why);
  const bool is_denied =
      ending.code == ResetCode::kDenied || ending.code == ResetCode::kProtectionMismatch;
  if (ending.is_clean) {
    fault_told_ = false;
    if (wait_told_ == base::Code::kResourceExhausted) wait_told_ = base::Code::kOk;
  }
  const bool is_fault =
      is_denied || ending.code == ResetCode::kProtocol || ending.code == ResetCode::kLaneLost;
  if (is_fault) tell_fault(is_denied ? "not_allowed" : "reset", ending);
  if (!is_standard()) return;
  if (!ending.is_clean && !is_fault && !stopped_) context_.events.error("reset", ending.why);
  on_over_(ending.is_clean ? ExitCode::kDone
           : is_denied     ? ExitCode::kNotAllowed
                           : ExitCode::kInternal);
}

// Applications see a reset alone, so it is said here why; once, however often they try.
void Connector::tell_fault(std::string_view event_code, const Tunnel::Ending& ending) {
  if (std::exchange(fault_told_, true)) return;
  const bool is_stranger = ending.code == ResetCode::kDenied && key_ && key_->is_own;
  context_.events.error(
      event_code,
      service_.name + ": " +
          (is_stranger ? "what answers does not have your key: if it is somebody else's, ask them "
                         "for a ticket, and connect to that"
                       : ending.why));
}

void Connector::on_ended(Tunnel& tunnel) { connections_.erase(&tunnel); }

}  // namespace mm::connect
