// SPDX-License-Identifier: MIT
#include "share/sharer.h"

#include <utility>

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

// Connections whose ticket was not seen yet, some 30 KiB each. Who has one shows it within a few
// round trips, so of more it is the oldest that goes: whoever has none must not keep others out.
constexpr size_t kUnprovenMost = 1'024;

// Whoever tries tickets must not be able to fill the screen.
constexpr base::Duration kDenialQuiet = std::chrono::seconds(10);

// alice-3000, alice-3000-2, … : nobody shares more of one port at once.
constexpr int kNamesMost = 100;

// Greater than any count of lanes that an earlier share of this name can have come to.
constexpr uint64_t kStrangerGeneration = uint64_t{1} << 32;

}  // namespace

Sharer::Sharer(Context& context, config::SharedService service, std::function<void()> on_first,
               std::function<void(ExitCode)> on_over)
    : context_(context),
      service_(std::move(service)),
      first_name_(service_.name),
      on_first_(std::move(on_first)),
      on_over_(std::move(on_over)),
      tombstones_(context.loop.clock(), context.config.grace) {}

void Sharer::start() {
  make_tickets();
  const Registrar::Context shared{context_.loop, context_.random, context_.router, context_.watch};
  registrar_ = std::make_unique<Registrar>(shared, request(), context_.config.no_wait, *this);
}

void Sharer::make_tickets() {
  if (!context_.config.is_encrypted) return;
  tickets_.emplace(context_.keyring, context_.random,
                   TicketBook::Terms{.service = service_.name,
                                     .is_made_up = service_.name_is_made_up,
                                     .guests = context_.config.guests,
                                     .renew = context_.config.new_tickets},
                   context_.unix_time_s());
  if (!tickets_->kept().ok()) {
    context_.events.note(base::message(tickets_->kept()) + ": the tickets of " + service_.name +
                         " are good for this process alone");
  }
}

void Sharer::on_keyring_changed() {
  if (!tickets_) return;
  ops::log(ops::Level::kInfo, "keyring.changed", {{"service", service_.name}});
  if (registrar_) registrar_->update_verifiers(tickets_->verifiers());
  for (const std::string& guest : tickets_->drop_withdrawn()) {
    context_.events.note((guest.empty() ? "the ticket" : "the ticket of " + guest) + " opens " +
                         service_.name + " no more, and what it had opened is cut");
  }
  for (auto& [tunnel, connection] : connections_) {
    if (!connection.guest || tickets_->knows(*connection.guest)) continue;
    tunnel->abort({ResetCode::kDenied, "the ticket that opened this connection was withdrawn"});
  }
}

void Sharer::retarget(const config::Endpoint& target) {
  service_.target = target;
  was_announced_ = false;
  if (registrar_) registrar_->update(request());
}

void Sharer::stop() {
  registrar_.reset();
  has_lost_name_ = true;
  on_over_ = nullptr;
}

void Sharer::retry_now() {
  if (registrar_) registrar_->retry_now();
}

// ---- the name

transport::RegistrationRequest Sharer::request() const {
  return {.name = service_.name,
          .port_hint = service_.target.port,
          .owner_proof =
              context_.keyring.owner_proof(context_.config.common.router.text(), service_.name),
          .label = context_.label,
          .share_instance = context_.instance,
          .start_time_ms = context_.start_time_ms,
          .ticket_verifiers = tickets_ ? tickets_->verifiers() : std::vector<std::string>()};
}

void Sharer::on_registered(const std::string& public_url) {
  for (const auto& [token, tunnel] : by_token_) {
    if (!tunnel->has_lane()) tunnel->move();
  }
  if (std::exchange(was_announced_, true)) return;
  tell_sharing(public_url);
  tell_if_target_is_down();
  if (on_first_) std::exchange(on_first_, nullptr)();
}

void Sharer::tell_sharing(const std::string& public_url) {
  const config::RouterUrl router =
      config::router_for_tickets(context_.config.common.router, public_url);
  std::optional<std::vector<config::Events::Invitation>> invitations;
  if (tickets_) {
    invitations.emplace();
    for (const secure::Grant& grant : tickets_->tickets()) {
      const config::Ticket ticket{router, service_.name, grant.secret,
                                  context_.keyring.identity().fingerprint()};
      std::optional<int64_t> expires_s;  // a made-up name's go with this process
      if (!service_.name_is_made_up) expires_s = grant.expires_s;
      invitations->push_back({grant.label, config::ticket_text(ticket), expires_s});
    }
  }
  const bool needs_ticket = !base::is_loopback(router.host) || !context_.keyring.is_kept() ||
                            !context_.config.guests.empty();
  context_.events.sharing(service_.name, service_.target, invitations, needs_ticket);
}

// Starting before the server is normal; wondering why nothing answers is not necessary.
void Sharer::tell_if_target_is_down() {
  if (context_.is_listened_to(service_.target) != false) return;
  context_.events.note("nothing listens at " + service_.target.text() + " yet: connections to " +
                       service_.name + " are refused until something does");
}

void Sharer::on_failed(const Status& status, ExitCode exit_code) {
  const bool is_taken = exit_code == ExitCode::kNameTaken;
  if (is_taken && service_.name_is_made_up && !was_announced_ && names_tried_ < kNamesMost) {
    const std::string number = "-" + std::to_string(++names_tried_);
    constexpr size_t kNameBytesMax = 63;
    service_.name = first_name_.substr(0, kNameBytesMax - number.size()) + number;
    make_tickets();
    return registrar_->rename(request());
  }
  context_.events.given_up(status, exit_code);
  on_over_(exit_code);
}

void Sharer::on_superseded() {
  has_lost_name_ = true;
  context_.events.error(
      "superseded",
      "the name \"" + service_.name + "\" was taken over by a share of yours that started later");
  end_if_over();
}

// What is open goes on, and is found by this process's instance, not by the name.
void Sharer::end_if_over() {
  if (!is_over() || !on_over_) return;
  context_.loop.post([this, on_over = std::exchange(on_over_, nullptr)] {
    registrar_.reset();
    on_over(ExitCode::kNameTaken);
  });
}

void Sharer::on_relocated() {
  for (const auto& [token, tunnel] : by_token_) tunnel->ask_move();
}

void Sharer::on_move(const base::Token& token) {
  const auto found = by_token_.find(token);
  if (found != by_token_.end()) found->second->ask_move();
}

// ---- a connection

std::unique_ptr<wire::Lane> Sharer::open_lane(const base::Token& token, uint64_t generation,
                                              wire::Lane::Listener& listener) {
  return context_.router.open_lane({.token = token,
                                    .role = transport::Role::kShare,
                                    .service = service_.name,
                                    .generation = generation,
                                    .share_instance = {}},
                                   listener);
}

// Announced twice, dialled once.
void Sharer::on_forward(const base::Token& token, uint64_t generation) {
  const auto held = by_token_.find(token);
  if (held != by_token_.end()) return held->second->meet(generation);
  if (last_words_.contains(token)) return;  // its lane is on the way to this one
  if (Tombstone* const tombstone = tombstones_.find(token)) {
    return say_last_word(token, *tombstone);
  }
  if (generation == 0) return open(token);
  Tombstone stranger;
  stranger.reset = {ResetCode::kUnknown, "the share does not hold this connection"};
  stranger.generation = kStrangerGeneration + generation;
  say_last_word(token, stranger);
}

void Sharer::open(const base::Token& token) {
  const std::string id = secure::log_id(token);
  Tunnel& tunnel = context_.tunnels.open(*this, id, "target", protection());
  connections_[&tunnel].token = token;
  by_token_[token] = &tunnel;
  tunnel.attach([this, token](uint64_t generation, wire::Lane::Listener& listener) {
    return open_lane(token, generation, listener);
  });
  if (connections_.size() > kConnectionsMost) {
    return tunnel.abort({ResetCode::kOverloaded, "the share has too many connections"});
  }
  if (!tickets_) return dial(tunnel);
  seal(tunnel);
  if (unproven_.size() > kUnprovenMost) {
    unproven_.front()->abort({ResetCode::kOverloaded, "too many connections show no ticket"});
  }
}

wire::Protection Sharer::protection() const {
  return tickets_ ? wire::Protection::kTls : wire::Protection::kNone;
}

// Whoever has no ticket never makes it dial.
void Sharer::seal(Tunnel& tunnel) {
  Connection& connection = connections_.at(&tunnel);
  auto sealed = std::make_unique<tunnel::SealedStream>(
      context_.loop, context_.tls.open(),
      [this, &tunnel](const secure::Digest& proof, const secure::Digest& exporter) {
        on_proof(tunnel, proof, exporter);
      });
  connection.sealed = sealed.get();
  connection.unproven = unproven_.insert(unproven_.end(), &tunnel);
  tunnel.set_local(std::move(sealed));
}

void Sharer::proven(Connection& connection) {
  if (connection.unproven) unproven_.erase(*std::exchange(connection.unproven, std::nullopt));
}

void Sharer::on_proof(Tunnel& tunnel, const secure::Digest& proof, const secure::Digest& exporter) {
  Connection& connection = connections_.at(&tunnel);
  if (!tunnel.has_local() || !connection.unproven) return;
  proven(connection);
  connection.guest = tickets_->admit(proof, exporter, context_.unix_time_s());
  if (connection.guest) return dial(tunnel);
  ops::log(ops::Level::kWarn, "share.denied", {{"t", tunnel.log_id()}, {"service", service_.name}});
  const base::TimePoint now = context_.loop.clock().now();
  if (denial_told_time_ + kDenialQuiet <= now) {
    denial_told_time_ = now;
    context_.events.note("somebody tried to connect to " + service_.name +
                         " with a ticket that is not good, or not any more");
  }
  tunnel.abort({ResetCode::kDenied, "this ticket does not open \"" + service_.name +
                                        "\", or not any more: ask for a new one"});
}

void Sharer::dial(Tunnel& tunnel) {
  Connection& connection = connections_.at(&tunnel);
  const std::string guest = connection.guest ? connection.guest->label : "";
  context_.events.connection_open(tunnel.log_id(), service_.name, guest);
  connection.is_told = true;
  connection.dial = context_.dial(
      service_.target, [this, &tunnel](base::StatusOr<std::unique_ptr<net::Stream>> stream) {
        on_dialled(tunnel, std::move(stream));
      });
}

void Sharer::on_dialled(Tunnel& tunnel, base::StatusOr<std::unique_ptr<net::Stream>> stream) {
  if (stream.ok()) {
    tunnel::SealedStream* const sealed = connections_.at(&tunnel).sealed;
    if (!sealed) return tunnel.set_local(*std::move(stream));
    if (!tunnel.has_local()) return (*stream)->reset();  // it ended while the target was dialled
    return sealed->set_inner(*std::move(stream));
  }
  ops::log(ops::Level::kInfo, "share.refused",
           {{"t", tunnel.log_id()}, {"why", base::message(stream.status())}});
  tunnel.abort({ResetCode::kRefused, base::message(stream.status())});
}

void Sharer::say_last_word(const base::Token& token, Tombstone tombstone) {
  const uint64_t generation = tombstone.generation++;
  wire::Frame frame;
  frame.attach = wire::Attach{.generation = generation, .protection = protection()};
  frame.received = tombstone.received;
  frame.limit = wire::kFloorBytes;
  frame.reset = tombstone.reset;
  tombstones_.add(token, std::move(tombstone));
  last_words_[token] = std::make_unique<LastWord>(
      context_.loop,
      [&](wire::Lane::Listener& listener) { return open_lane(token, generation, listener); },
      std::move(frame), [this, token] { last_words_.erase(token); });
}

// The router that announced it is gone already; the peer comes back to the next one.
void Sharer::on_refused(Tunnel& tunnel, const Status&) { tunnel.move(); }

void Sharer::on_lane_lost(Tunnel&, const Status& status) {
  if (status.code() == base::Code::kUnavailable) context_.watch.lost(base::message(status));
}

void Sharer::on_lane_back(Tunnel&) { context_.watch.back(); }

void Sharer::on_move_asked(Tunnel& tunnel) {
  context_.router.renew();
  tunnel.move();
}

void Sharer::on_local_over(Tunnel& tunnel, const Tunnel::Ending& ending) {
  Connection& connection = connections_.at(&tunnel);
  connection.dial.reset();
  connection.sealed = nullptr;
  proven(connection);
  if (!connection.is_told) return;
  context_.events.connection_closed(tunnel.log_id(), service_.name, ending.delivered_bytes,
                                    ending.sent_bytes, ending.why);
}

void Sharer::on_ended(Tunnel& tunnel) {
  const auto found = connections_.find(&tunnel);
  by_token_.erase(found->second.token);
  tombstones_.add(found->second.token, {.received = tunnel.received(),
                                        .reset = tunnel.last_reset(),
                                        .generation = tunnel.next_generation()});
  connections_.erase(found);
  end_if_over();
}

}  // namespace mm::share
