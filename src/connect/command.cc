// SPDX-License-Identifier: MIT
#include "connect/command.h"

#include <algorithm>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "config/events.h"
#include "config/ticket.h"
#include "connect/connector.h"
#include "connect/ticket_input.h"
#include "net/network_watch.h"
#include "screen/live.h"
#include "secure/keyring.h"
#include "secure/proof.h"
#include "transport/loop_queue.h"
#include "transport/round_trip.h"
#include "tunnel/lifetime.h"

namespace mm::connect {
namespace {

using base::ExitCode;
using base::StatusOr;

// How often a live screen looks how far away the router is.
constexpr base::Duration kLookAgain = std::chrono::seconds(10);
constexpr base::Duration kOnce{};

// One router that services are at: a ticket names its own.
struct Uplink {
  Uplink(net::Loop& loop, base::Random& random, tunnel::TunnelSet& tunnels,
         const config::ConnectConfig& config, config::Common own_common,
         std::unique_ptr<transport::RouterClient> own_router, screen::Live* live,
         std::optional<base::Duration> look)
      : common(std::move(own_common)),
        events(common),
        router(std::move(own_router)),
        watch(loop,
              {[&](const std::string& why) { events.router_offline(why, tunnels.open_count()); },
               [this, &tunnels, look](auto away) {
                 events.router_online(away, tunnels.open_count());
                 if (!away && look) distance.measure(*look);
               }}),
        context{loop, random, *router, tunnels, watch, events, config},
        distance(loop, *router, [this](const auto& time) { on_distance(time); }) {
    events.set_audience(live);
  }

  // Nothing else asks the router anything while no application connects.
  void on_distance(const StatusOr<base::Duration>& time) {
    if (time.ok()) {
      watch.back();
      events.round_trip(*time);
    } else if (time.status().code() == base::Code::kUnavailable) {
      watch.lost(base::message(time.status()));
    }
  }

  config::Common common;
  config::Events events;
  std::unique_ptr<transport::RouterClient> router;
  tunnel::RouterWatch watch;
  Context context;
  transport::RoundTrip distance;
  std::optional<net::NetworkWatch> network;
};

bool is_same(const config::ConnectedService& one, const config::ConnectedService& other) {
  const auto ticket_of = [](const config::ConnectedService& service) {
    return service.ticket ? config::ticket_text(*service.ticket) : base::Secret();
  };
  return one.name == other.name && one.listen == other.listen &&
         ticket_of(one).reveal() == ticket_of(other).reveal();
}

// Everything of one process.
class Connect {
 public:
  Connect(config::ConnectConfig config, config::Reread<config::ConnectConfig> reread)
      : config_(std::move(config)),
        reread_(std::move(reread)),
        events_(config_.common),
        tunnels_(loop_, random_,
                 {.grace = config_.grace, .first_grace = config_.hold, .leave = config_.grace}),
        lifetime_(
            loop_, tunnels_,
            [this] {
              events_.stopping();
              for (Entry& entry : entries_) entry.connector->stop();
            },
            [this] { reload(); }) {}

  ExitCode run() {
    if (const ExitCode code = open_keyring(); code != ExitCode::kDone) return code;
    for (config::ConnectedService& service : config_.services) {
      const base::Status status = find_ticket(service);
      if (status.code() == base::Code::kCancelled) return ExitCode::kInterrupted;
      if (!status.ok()) return usage(status);
    }
    if (!is_standard() && screen::is_wanted(config_.common)) {
      live_.emplace(loop_, tunnels_, screen::Live::Side::kConnect);
      events_.set_audience(&*live_);
    }
    for (const config::ConnectedService& service : config_.services) {
      if (const ExitCode code = start(service); code != ExitCode::kDone) return code;
    }
    return lifetime_.run();
  }

 private:
  struct Entry {
    config::ConnectedService service;  // with its ticket
    std::unique_ptr<Connector> connector;
  };

  // How often it is looked how far away a router is; nothing: never.
  std::optional<base::Duration> how_often() const {
    if (config_.common.json || is_standard()) return std::nullopt;
    return live_ ? kLookAgain : kOnce;
  }

  // Standard input and output are no place for a screen, nor for what nobody asked.
  bool is_standard() const {
    const auto& listen = config_.services.front().listen;
    return listen && listen->kind == config::Endpoint::Kind::kStandard;
  }

  ExitCode usage(const base::Status& status) {
    events_.error("usage", base::message(status));
    return ExitCode::kUsage;
  }

  // Without one a service opens by its ticket alone.
  ExitCode open_keyring() {
    if (!config_.is_encrypted) return ExitCode::kDone;
    auto keyring = secure::Keyring::open(config_.keyring_file, random_);
    if (keyring.ok()) {
      keyring_.emplace(*std::move(keyring));
      return ExitCode::kDone;
    }
    if (keyring.status().code() != base::Code::kUnavailable) return usage(keyring.status());
    events_.note(base::message(keyring.status()) + ": services open by their tickets alone");
    return ExitCode::kDone;
  }

  // A ticket that was given, in a file or in earlier use. The last goes behind a router that was
  // named here.
  base::Status find_ticket(config::ConnectedService& service) {
    if (!service.ticket_file.empty()) {
      auto ticket = read_ticket(service.ticket_file);
      if (!ticket.ok()) return ticket.status();
      if (service.name.empty()) service.name = ticket->service;
      service.ticket = *std::move(ticket);
    }
    if (service.ticket || !keyring_) return absl::OkStatus();
    const std::optional<base::Secret> kept = keyring_->kept_ticket(service.name);
    if (!kept) return absl::OkStatus();
    auto ticket = config::parse_ticket(kept->reveal());
    if (!ticket.ok()) {
      return base::within(ticket.status(), "the keyring's ticket for " + service.name);
    }
    if (config_.common.router_is_explicit && ticket->router != config_.common.router) {
      return absl::OkStatus();
    }
    service.ticket = *std::move(ticket);
    events_.note(service.name + ": by the ticket for " + service.ticket->router.text() +
                 " that the keyring has kept");
    return absl::OkStatus();
  }

  StatusOr<std::optional<Key>> key_of(const config::ConnectedService& service) {
    std::optional<Key> key;
    if (!config_.is_encrypted) return key;
    if (service.ticket) {
      key = Key{.secret = service.ticket->secret,
                .share_key = service.ticket->share_key,
                .is_own = false,
                .on_first_use = {}};
      if (keyring_ && config_.keeps_tickets) key->on_first_use = [this, service] { keep(service); };
    } else if (keyring_) {
      key = Key{.secret = keyring_->own_secret(service.name),
                .share_key = keyring_->identity().fingerprint(),
                .is_own = true,
                .on_first_use = {}};
    } else {
      return base::error(base::Code::kInvalidArgument,
                         service.name + " needs a ticket: paste the line that its share printed");
    }
    const bool has_pass = key->is_own && !config_.common.pass.empty();
    const std::string& remote_name = service.ticket ? service.ticket->service : service.name;
    if (!has_pass) key->admission = secure::admission_proof(key->secret, remote_name);
    return key;
  }

  void keep(const config::ConnectedService& service) {
    const base::Status kept =
        keyring_->keep_ticket(service.name, config::ticket_text(*service.ticket), random_);
    if (!kept.ok()) events_.note(base::message(kept) + ": the ticket is not kept");
  }

  ExitCode start(const config::ConnectedService& service) {
    auto key = key_of(service);
    if (!key.ok()) return usage(key.status());
    const auto uplink = uplink_to(service.ticket ? service.ticket->router : config_.common.router);
    if (!uplink.ok()) return usage(uplink.status());
    Entry& entry = entries_.emplace_back(Entry{service, nullptr});
    entry.connector =
        std::make_unique<Connector>((*uplink)->context, service, *std::move(key),
                                    [this](ExitCode exit_code) { lifetime_.end(exit_code); });
    const ExitCode started = entry.connector->start();
    if (started != ExitCode::kDone) entries_.pop_back();
    return started;
  }

  void reload() {
    events_.reloading();
    take_over();
    events_.ready();
  }

  // Services come, go, and get other listeners and tickets; what is open goes on.
  void take_over() {
    if (keyring_) keyring_->reload();
    auto fresh = reread_();
    base::Status status = fresh.status();
    for (size_t i = 0; status.ok() && i < fresh->services.size(); ++i) {
      config::ConnectedService& service = fresh->services[i];
      if (service.ticket_file == "-") service = entries_.front().service;  // it was read, and alone
      status = find_ticket(service);
    }
    if (!status.ok()) {
      return events_.error("usage", base::message(status) + "; everything stays as it was");
    }
    config_.hold = fresh->hold;
    for (auto next = entries_.begin(); next != entries_.end();) {
      const auto entry = next++;
      const auto same =
          std::find_if(fresh->services.begin(), fresh->services.end(),
                       [&](const auto& service) { return is_same(service, entry->service); });
      if (same != fresh->services.end()) {
        fresh->services.erase(same);
        continue;
      }
      events_.note("not listening for " + entry->service.name + " as before any more");
      entry->connector->stop();
      given_up_.splice(given_up_.end(), entries_, entry);
    }
    for (const config::ConnectedService& service : fresh->services) start(service);
  }

  StatusOr<Uplink*> uplink_to(const config::RouterUrl& url) {
    const auto found = std::find_if(uplinks_.begin(), uplinks_.end(), [&](const auto& uplink) {
      return uplink->common.router == url;
    });
    if (found != uplinks_.end()) return found->get();
    const bool is_own = url == config_.common.router;
    auto router = transport::RouterClient::open(
        loop_, queue_,
        {.router = url,
         .ca_file = config_.common.ca_file,
         .pass = is_own ? config_.common.pass : base::Secret(),
         .identity_command = is_own ? config_.common.identity_command : "",
         .timing = {}});
    if (!router.ok()) return router.status();
    config::Common common = config_.common;
    common.router_is_default = common.router_is_default && url == common.router;
    common.router = url;
    uplinks_.push_back(std::make_unique<Uplink>(loop_, random_, tunnels_, config_,
                                                std::move(common), *std::move(router),
                                                live_ ? &*live_ : nullptr, how_often()));
    watch_network(*uplinks_.back());
    uplinks_.back()->context.on_listening = [this] {
      if (++listening_ == config_.services.size()) events_.ready();
    };
    return uplinks_.back().get();
  }

  void watch_network(Uplink& uplink) {
    uplink.network.emplace(loop_, uplink.common.router.host, [this, &uplink](const auto& why) {
      uplink.router->reconnect(why);
      tunnels_.retry_now();
      for (Entry& entry : entries_) entry.connector->retry_now();
    });
  }

  config::ConnectConfig config_;
  config::Reread<config::ConnectConfig> reread_;
  transport::LoopQueue queue_;
  net::Loop loop_{queue_};
  base::SystemRandom random_;
  config::Events events_;
  std::optional<secure::Keyring> keyring_;
  std::vector<std::unique_ptr<Uplink>> uplinks_;
  tunnel::TunnelSet tunnels_;
  std::optional<screen::Live> live_;
  std::list<Entry> entries_;
  std::list<Entry> given_up_;  // for the connections that they still have
  size_t listening_ = 0;       // of the services that there were at first
  tunnel::Lifetime lifetime_;
};

}  // namespace

ExitCode run(const config::ConnectConfig& config,
             const config::Reread<config::ConnectConfig>& reread) {
  return Connect(config, reread).run();
}

}  // namespace mm::connect
