// SPDX-License-Identifier: MIT
#include "share/sharer.h"

#include <utility>

#include "net/listening.h"
#include "ops/log.h"
#include "secure/log_id.h"

namespace mm::share {
namespace {

using base::ExitCode;
using base::Status;
using tunnel::Tunnel;
using wire::ResetCode;

// A share with more is in trouble already: two file descriptors and about 80 KiB each.
constexpr size_t kConnectionsMost = 10'000;

// alice-3000, alice-3000-2, … : nobody shares more of one port at once.
constexpr int kNamesMost = 100;

}  // namespace

Sharer::Sharer(Context& context, config::SharedService service,
               std::function<void(ExitCode)> on_given_up)
    : context_(context),
      service_(std::move(service)),
      first_name_(service_.name),
      on_given_up_(std::move(on_given_up)),
      retry_(context.random, context.config.no_wait),
      retry_timer_(context.loop),
      seen_(context.loop.clock()) {
  register_name();
}

void Sharer::stop() {
  retry_timer_.cancel();
  registration_.reset();
}

void Sharer::register_name() {
  registration_ = context_.router.create_service({.name = service_.name,
                                                  .port_hint = service_.target.port,
                                                  .owner_proof = context_.owner_proof,
                                                  .label = context_.label},
                                                 *this);
}

// ---- the name

void Sharer::on_registered(const std::string& router_instance) {
  ops::log(ops::Level::kInfo, "share.registered",
           {{"service", service_.name}, {"router", router_instance}});
  retry_.on_success();
  context_.events.router_online();
  if (was_announced_) return;
  was_announced_ = true;
  context_.events.sharing(service_.name, service_.target);
  tell_if_target_is_down();
}

// Starting before the server is normal; wondering why nothing answers is not necessary.
void Sharer::tell_if_target_is_down() {
  if (net::is_listened_to(service_.target) != false) return;
  context_.events.note("nothing listens at " + service_.target.text() + " yet: connections to " +
                       service_.name + " are refused until something does");
}

void Sharer::on_ended(const Status& status) {
  const bool is_taken = status.code() == base::Code::kAlreadyExists;
  if (is_taken && service_.name_is_made_up && names_tried_ < kNamesMost) return try_next_name();
  const auto decision = retry_.on_failure(status, context_.loop.clock().now());
  if (!decision.again_after) {
    context_.events.error(is_taken ? "name_taken" : "router", base::message(status));
    return on_given_up_(decision.exit_code);
  }
  context_.events.router_offline(base::message(status));
  retry_timer_.after(*decision.again_after, [this] { register_name(); });
}

void Sharer::try_next_name() {
  const std::string number = "-" + std::to_string(++names_tried_);
  constexpr size_t kNameBytesMax = 63;
  service_.name = first_name_.substr(0, kNameBytesMax - number.size()) + number;
  retry_timer_.after(base::Duration::zero(), [this] { register_name(); });
}

void Sharer::on_superseded() {
  context_.events.error("superseded", "the name \"" + service_.name +
                                          "\" was taken over by a share that started later");
  retry_timer_.cancel();
  on_given_up_(ExitCode::kNameTaken);
}

void Sharer::on_draining() {
  ops::log(ops::Level::kInfo, "share.router_draining", {{"service", service_.name}});
}

// ---- a connection

void Sharer::on_forward(const base::Token& token, uint64_t) {
  if (!seen_.insert(token)) return;  // announced twice, dialled once
  open(token);
}

void Sharer::open(const base::Token& token) {
  const std::string id = secure::log_id(token);
  Tunnel& tunnel = context_.tunnels.open(*this, id, "target");
  Connection& connection = connections_[&tunnel];
  connection.token = token;
  context_.events.connection_open(id, service_.name);
  tunnel.attach([&](wire::Lane::Listener& listener) {
    return context_.router.open_lane(
        {.token = token, .role = transport::Role::kShare, .service = service_.name}, listener);
  });
  if (connections_.size() > kConnectionsMost) {
    return tunnel.abort({ResetCode::kOverloaded, "the share has too many connections"});
  }
  connection.dial = std::make_unique<net::Dial>(
      context_.loop, service_.target, context_.config.dial_timeout,
      [this, &tunnel](base::StatusOr<std::unique_ptr<net::Socket>> socket) {
        on_dialled(tunnel, std::move(socket));
      });
}

void Sharer::on_dialled(Tunnel& tunnel, base::StatusOr<std::unique_ptr<net::Socket>> socket) {
  if (socket.ok()) return tunnel.set_local(*std::move(socket));
  ops::log(ops::Level::kInfo, "share.refused",
           {{"t", tunnel.log_id()}, {"why", base::message(socket.status())}});
  tunnel.abort({ResetCode::kRefused, base::message(socket.status())});
}

void Sharer::on_lane_refused(Tunnel& tunnel, const Status& status) {
  tunnel.abort({ResetCode::kLaneLost, base::message(status)});
}

void Sharer::on_ended(Tunnel& tunnel, const Tunnel::Ending& ending) {
  context_.events.connection_closed(tunnel.log_id(), service_.name, ending.delivered_bytes,
                                    ending.sent_bytes, ending.why);
  connections_.erase(&tunnel);
}

}  // namespace mm::share
