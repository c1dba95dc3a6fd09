// SPDX-License-Identifier: MIT
#include "doctor/service.h"

#include <chrono>
#include <memory>
#include <optional>

#include "config/ticket.h"
#include "doctor/trial.h"
#include "secure/keyring.h"
#include "secure/log_id.h"
#include "secure/proof.h"
#include "secure/tls.h"
#include "tunnel/sealed_stream.h"

namespace mm::doctor {
namespace {

using base::Code;
using base::ExitCode;
using base::Status;
using base::StatusOr;
using transport::Forwards;
using tunnel::Tunnel;
using wire::ResetCode;

constexpr base::Duration kShareAnswer = std::chrono::seconds(10);
constexpr base::Duration kTargetAnswer = std::chrono::seconds(2);  // a refusal comes at once

Key key_of(const config::Ticket& ticket, config::Common& common) {
  config::turn_to(ticket.router, common);
  return {.remote_name = ticket.service, .secret = ticket.secret, .share_key = ticket.share_key};
}

void tell_absence(const Context& context, const std::string& name, const Status& status) {
  const bool is_absent = status.code() == Code::kNotFound;
  const bool is_refused =
      status.code() == Code::kPermissionDenied || status.code() == Code::kUnauthenticated;
  context.report.bad("service", base::message(status),
                     is_refused ? "ask who runs the router for the right to connect to it, or who "
                                  "shares it for a ticket"
                                : "does mindmeld share run there, for this router and as " + name +
                                      " (mindmeld list shows what is shared)? A ticket may have "
                                      "ended, or been taken back",
                     is_absent    ? ExitCode::kNoSuchService
                     : is_refused ? ExitCode::kNotAllowed
                                  : ExitCode::kRouterUnreachable);
}

// It came to its end before the share had proved who it is, or with a reset.
void tell_ending(const Context& context, const Key& key, const Tunnel::Ending& ending) {
  Report& report = context.report;
  switch (ending.code) {
    case ResetCode::kRefused:
      return report.bad("target", ending.why,
                        "start the server that is shared, on the share's machine",
                        ExitCode::kTargetRefused);
    case ResetCode::kDenied:
      if (key.is_own) {
        return report.bad("ticket", "what answers does not have your key",
                          "if it is somebody else's, ask them for a ticket", ExitCode::kNotAllowed);
      }
      return report.bad("ticket", ending.why, "ask who shares it for a new one",
                        ExitCode::kNotAllowed);
    case ResetCode::kProtectionMismatch:
      return report.bad("encryption", ending.why, "both ends must say --no-e2e, or neither",
                        ExitCode::kNotAllowed);
    default:
      return report.bad("end to end", ending.why, "look at what mindmeld share says there",
                        ExitCode::kNoSuchService);
  }
}

// What one connection came to.
struct Visit {
  std::optional<Tunnel::Ending> ending;  // nothing: it was still open
  bool is_proven = false;                // the share has shown its key
  bool is_answered = false;              // the target said something, or ended in order
};

Visit visit(const Context& context, const Key& key, const Forwards& forwards,
            const base::Secret& admission) {
  Trial trial(context.loop);
  Load::Tally tally;
  secure::TlsClient tls(key.share_key);
  tunnel::TunnelSet tunnels(context.loop, context.random, {});  // more patient than we are
  Visit seen;
  const auto prove = [&](const secure::Digest& exporter) {
    seen.is_proven = true;
    context.loop.stop();
    return secure::ticket_proof(key.secret, exporter);
  };
  const base::Token& token = forwards.tokens.front();
  Tunnel& tunnel = tunnels.open(trial, secure::log_id(token), "doctor", wire::Protection::kTls);
  tunnel.set_local(std::make_unique<tunnel::SealedStream>(
      context.loop, tls.open(), prove, std::make_unique<Load>(context.loop, tally)));
  tunnel.attach([&](uint64_t generation, wire::Lane::Listener& listener) {
    return context.router.open_lane({.token = token,
                                     .role = transport::Role::kConnect,
                                     .service = key.remote_name,
                                     .generation = generation,
                                     .share_instance = forwards.share_instance,
                                     .ticket = admission},
                                    listener);
  });
  const auto is_over = [&] { return trial.ending() || tally.taken_bytes > 0; };
  run_until(context.loop, kShareAnswer, [&] { return seen.is_proven || is_over(); });
  if (seen.is_proven) run_until(context.loop, kTargetAnswer, is_over);
  seen.ending = trial.ending();
  seen.is_answered = is_over();
  leave(context.loop, tunnels);
  return seen;
}

}  // namespace

StatusOr<Key> find_key(const config::DoctorConfig& config, base::Random& random,
                       config::Common& common) {
  const config::ConnectedService& service = *config.service;
  if (service.ticket) return key_of(*service.ticket, common);
  const auto keyring = secure::Keyring::open(config.keyring_file, random);
  if (!keyring.ok()) return keyring.status();
  if (const auto kept = keyring->kept_ticket(service.name)) {
    const auto ticket = config::parse_ticket(kept->reveal());
    if (!ticket.ok()) return base::within(ticket.status(), "the keyring's ticket");
    if (!common.router_is_explicit || ticket->router == common.router) {
      return key_of(*ticket, common);
    }
  }
  return Key{.remote_name = service.name,
             .secret = keyring->own_secret(service.name),
             .share_key = keyring->identity().fingerprint(),
             .is_own = true};
}

void check_service(const Context& context, const Key& key) {
  const bool has_pass = key.is_own && !context.common.pass.empty();
  const base::Secret admission =
      has_pass ? base::Secret() : secure::admission_proof(key.secret, key.remote_name);
  const auto forwards = await<StatusOr<Forwards>>(context.loop, [&](auto done) {
    context.router.forward_to_service({.service = key.remote_name, .count = 1, .ticket = admission},
                                      done);
  });
  if (!forwards.ok()) return tell_absence(context, key.remote_name, forwards.status());
  context.report.good("service", key.remote_name + " is shared");
  const Visit seen = visit(context, key, *forwards, admission);
  if (seen.ending && !seen.ending->is_clean) return tell_ending(context, key, *seen.ending);
  if (!seen.is_proven) {
    return context.report.bad(
        "end to end", "the share does not answer within " + text_of(kShareAnswer),
        "is its machine awake, and its network there?", ExitCode::kNoSuchService);
  }
  context.report.good("end to end", "the share has the right key, and what passes is encrypted");
  context.report.good("target", seen.is_answered ? "it answers" : "it does not refuse");
}

}  // namespace mm::doctor
