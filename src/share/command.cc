// SPDX-License-Identifier: MIT
#include "share/command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/hex.h"
#include "config/events.h"
#include "net/listening.h"
#include "net/network_watch.h"
#include "share/sharer.h"
#include "transport/loop_queue.h"
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

// A running share notices tickets that were made or taken away by others within so long.
constexpr base::Duration kKeyringLook = std::chrono::seconds(1);

int64_t unix_time_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

uint64_t unix_time_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

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
        events.error("target_refused", service.name + ": " + base::message(socket.status()));
        exit_code = base::ExitCode::kTargetRefused;
      }
      loop.stop();
    });
    loop.run();
  }
  return exit_code;
}

// Until a signal, or until no name is left.
base::ExitCode serve(Context& context) {
  std::vector<std::unique_ptr<Sharer>> sharers;
  tunnel::Lifetime lifetime(context.loop, context.tunnels, [&] {
    context.events.stopping();
    for (auto& sharer : sharers) sharer->stop();
  });
  size_t registered = 0;
  // The first one finds the way to the router; calls that wait for it would come in any order.
  const auto start_others = [&] {
    for (size_t i = 1; i < sharers.size(); ++i) sharers[i]->start();
  };
  for (const config::SharedService& service : context.config.services) {
    const size_t index = sharers.size();
    const auto on_first = [&, index] {
      if (index == 0) start_others();
      if (++registered == sharers.size()) context.events.ready();
    };
    sharers.push_back(std::make_unique<Sharer>(context, service, on_first, [&, index](auto code) {
      const bool all_over = std::all_of(sharers.begin(), sharers.end(),
                                        [](const auto& each) { return each->is_over(); });
      // A name that went to another process ends this one with its last service.
      if (all_over || !sharers[index]->is_over()) lifetime.end(code);
    }));
  }
  net::Timer keyring_timer(context.loop);
  const std::function<void()> look_at_keyring = [&] {
    if (context.keyring.reload()) {
      for (auto& sharer : sharers) sharer->on_keyring_changed();
    }
    keyring_timer.after(kKeyringLook, look_at_keyring);
  };
  if (context.config.is_encrypted) look_at_keyring();
  const std::string& router_host = context.config.common.router.host;
  const net::NetworkWatch network(context.loop, router_host, [&](const std::string& why) {
    context.router.reconnect(why);
    context.tunnels.retry_now();
    for (auto& sharer : sharers) sharer->retry_now();
  });
  sharers.front()->start();
  return lifetime.run();
}

}  // namespace

base::ExitCode run(const config::ShareConfig& config) {
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
  tunnel::RouterWatch watch(
      loop, {[&](const std::string& why) { events.router_offline(why, tunnels.open_count()); },
             [&](auto away) { events.router_online(away, tunnels.open_count()); }});
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
                  .unix_time_s = unix_time_s,
                  .label = user_at_host(),
                  .instance = random_instance(random),
                  .start_time_ms = unix_time_ms()};
  return serve(context);
}

}  // namespace mm::share
