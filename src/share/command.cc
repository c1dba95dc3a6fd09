// SPDX-License-Identifier: MIT
#include "share/command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "base/hex.h"
#include "config/events.h"
#include "net/listening.h"
#include "net/network_watch.h"
#include "screen/live.h"
#include "share/sharer.h"
#include "share/time_limit.h"
#include "transport/loop_queue.h"
#include "transport/round_trip.h"
#include "tunnel/lifetime.h"

namespace mm::share {
namespace {

// Who shares, for the eyes of people: nobody checks it.
std::string user_at_host() {
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  const char* user = std::getenv("USER");
  return std::string(user != nullptr ? user : "somebody") + "@" + host;
}

std::string random_instance(base::Random& random) {
  std::array<uint8_t, 8> bytes;
  random.fill(bytes);
  return base::to_hex(bytes);
}

// How often a live screen looks how far away the router is.
constexpr base::Duration kLookAgain = std::chrono::seconds(10);
constexpr base::Duration kOnce{};

// A running share notices tickets that were made or taken away by others within so long.
constexpr base::Duration kKeyringLook = std::chrono::seconds(1);

// Without one a share works, but nobody knows it again.
base::StatusOr<secure::Keyring> open_keyring(const config::ShareConfig& config,
                                             base::Random& random, config::Events& events) {
  auto keyring = secure::Keyring::open(config.keyring_file, random);
  if (keyring.ok() || keyring.status().code() != base::Code::kUnavailable) return keyring;
  events.note(base::message(keyring.status()) +
              ": after a restart this share cannot take over its own name, and its tickets end");
  return secure::Keyring::temporary(random);
}

// Each target in turn, once.
base::ExitCode check_targets(net::Loop& loop, const config::ShareConfig& config,
                             config::Events& events) {
  base::ExitCode exit_code = base::ExitCode::kDone;
  for (const config::SharedService& service : config.services) {
    const net::Dial dial(loop, service.target, config.dial_timeout, [&](const auto& socket) {
      if (!socket.ok()) {
        events.error("target_refused", service.name + ": " + base::message(socket.status()) +
                                           "; without --check it is shared all the same");
        exit_code = base::ExitCode::kTargetRefused;
      }
      loop.stop();
    });
    loop.run();
  }
  return exit_code;
}

// All services of one process, until a signal, or until no name is left.
class Share {
 public:
  Share(Context& context, config::ShareConfig& config, config::Reread<config::ShareConfig> reread)
      : context_(context),
        config_(config),
        reread_(std::move(reread)),
        lifetime_(
            context.loop, context.tunnels,
            [this] {
              context_.events.stopping();
              for (Entry& entry : entries_) entry.sharer->stop();
            },
            [this] { reload(); }),
        limit_(context.loop, context.tunnels, config,
               [this](const std::string& why) {
                 context_.events.note("this share ends: " + why);
                 lifetime_.end(base::ExitCode::kDone);
               }),
        network_(context.loop, config.common.router.host,
                 [this](const std::string& why) {
                   context_.router.reconnect(why);
                   context_.tunnels.retry_now();
                   for (Entry& entry : entries_) entry.sharer->retry_now();
                 }),
        keyring_timer_(context.loop) {}

  base::ExitCode run() {
    for (const config::SharedService& service : config_.services) add(service, false);
    if (config_.is_encrypted) look_at_keyring();
    start();
    return lifetime_.run();
  }

 private:
  struct Entry {
    std::string name;  // as it was asked for
    std::unique_ptr<Sharer> sharer;
    bool is_added = false;  // by a reload
    bool is_started = false;
  };

  void add(const config::SharedService& service, bool by_reload) {
    const auto entry = entries_.insert(entries_.end(), Entry{service.name, nullptr, by_reload});
    const auto on_first = [this] {
      if (++registered_ == config_.services.size()) context_.events.ready();
      start();
    };
    entry->sharer = std::make_unique<Sharer>(
        context_, service, on_first, [this, entry](base::ExitCode code) { over(entry, code); });
  }

  // One finds the way to the router; calls of all that wait for it would come in any order.
  void start() {
    for (Entry& entry : entries_) {
      if (!std::exchange(entry.is_started, true)) entry.sharer->start();
      if (registered_ == 0) return;
    }
  }

  // A name that went to another process ends this one with its last service. One that cannot be had
  // ends it at once; but what goes on while the configuration changes goes on without it.
  void over(std::list<Entry>::iterator entry, base::ExitCode code) {
    const bool all_over = std::all_of(entries_.begin(), entries_.end(),
                                      [](const Entry& each) { return each.sharer->is_over(); });
    const bool is_refused = !entry->sharer->is_over();
    if (is_refused && entry->is_added && entries_.size() > 1) {
      given_up_.splice(given_up_.end(), entries_, entry);
    } else if (all_over || is_refused) {
      lifetime_.end(code);
    }
  }

  void look_at_keyring() {
    if (context_.keyring.reload()) {
      for (std::list<Entry>* all : {&entries_, &given_up_}) {
        for (Entry& entry : *all) entry.sharer->on_keyring_changed();
      }
    }
    keyring_timer_.after(kKeyringLook, [this] { look_at_keyring(); });
  }

  void reload() {
    context_.events.reloading();
    take_over();
    context_.events.ready();
  }

  // Services come, go and get other targets; what is open goes on.
  void take_over() {
    auto fresh = reread_();
    if (!fresh.ok()) {
      return context_.events.error(
          "usage", base::message(fresh.status()) + "; what is shared stays as it was");
    }
    config_.dial_timeout = fresh->dial_timeout;
    for (auto next = entries_.begin(); next != entries_.end();) {
      const auto entry = next++;
      if (find(fresh->services, entry->name) != nullptr) continue;
      context_.events.note("not sharing " + entry->name + " any more");
      entry->sharer->stop();
      given_up_.splice(given_up_.end(), entries_, entry);
    }
    for (const config::SharedService& service : fresh->services) {
      const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                      [&](const Entry& each) { return each.name == service.name; });
      if (entry == entries_.end()) {
        add(service, true);
      } else if (entry->sharer->target() != service.target) {
        entry->sharer->retarget(service.target);
      }
    }
    start();
    if (fresh->common.router != config_.common.router) {
      context_.events.note("another router than " + config_.common.router.text() +
                           " takes a restart");
    }
  }

  static const config::SharedService* find(const std::vector<config::SharedService>& services,
                                           const std::string& name) {
    const auto found = std::find_if(services.begin(), services.end(),
                                    [&](const auto& service) { return service.name == name; });
    return found == services.end() ? nullptr : &*found;
  }

  Context& context_;
  config::ShareConfig& config_;  // the context's
  config::Reread<config::ShareConfig> reread_;
  std::list<Entry> entries_;
  std::list<Entry> given_up_;  // for the connections that they still have
  size_t registered_ = 0;      // for the first time
  tunnel::Lifetime lifetime_;
  TimeLimit limit_;
  net::NetworkWatch network_;
  net::Timer keyring_timer_;
};

}  // namespace

base::ExitCode run(const config::ShareConfig& first_config,
                   const config::Reread<config::ShareConfig>& reread) {
  config::ShareConfig config = first_config;
  transport::LoopQueue queue;
  net::Loop loop(queue);
  base::SystemRandom random;
  config::Events events(config.common);
  auto router = transport::RouterClient::open(loop, queue,
                                              {.router = config.common.router,
                                               .ca_file = config.common.ca_file,
                                               .pass = config.common.pass,
                                               .identity_command = config.common.identity_command,
                                               .timing = {}});
  if (!router.ok()) {
    events.error("usage", base::message(router.status()));
    return base::ExitCode::kUsage;
  }
  auto keyring = open_keyring(config, random, events);
  if (!keyring.ok()) {
    events.error("usage", base::message(keyring.status()));
    return base::ExitCode::kUsage;
  }
  if (config.check) {
    const base::ExitCode checked = check_targets(loop, config, events);
    if (checked != base::ExitCode::kDone) return checked;
  }
  tunnel::TunnelSet tunnels(loop, random, {.grace = config.grace});
  std::optional<screen::Live> live;
  if (screen::is_wanted(config.common)) live.emplace(loop, tunnels, screen::Live::Side::kShare);
  if (live) events.set_audience(&*live);
  transport::RoundTrip distance(loop, **router, [&](const auto& time) {
    if (time.ok()) events.round_trip(*time);
  });
  tunnel::RouterWatch watch(
      loop, {[&](const std::string& why) { events.router_offline(why, tunnels.open_count()); },
             [&](auto away) {
               events.router_online(away, tunnels.open_count());
               if (!away && !config.common.json) distance.measure(live ? kLookAgain : kOnce);
             }});
  const auto dial = [&](const base::Address& target, Dialled dialled) {
    return std::make_shared<net::Dial>(loop, target, config.dial_timeout, std::move(dialled));
  };
  const secure::TlsServer tls(keyring->identity());
  Context context{.loop = loop,
                  .random = random,
                  .router = **router,
                  .tunnels = tunnels,
                  .watch = watch,
                  .events = events,
                  .config = config,
                  .keyring = *keyring,
                  .tls = tls,
                  .dial = dial,
                  .is_listened_to = net::is_listened_to,
                  .unix_time_s = base::unix_time_s,
                  .label = user_at_host(),
                  .instance = random_instance(random),
                  .start_time_ms = static_cast<uint64_t>(base::unix_time().count())};
  return Share(context, config, reread).run();
}

}  // namespace mm::share
