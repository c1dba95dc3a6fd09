// SPDX-License-Identifier: MIT
#include "connect/command.h"

#include <memory>
#include <vector>

#include "config/events.h"
#include "connect/connector.h"
#include "net/network_watch.h"
#include "tunnel/lifetime.h"

namespace mm::connect {

base::ExitCode run(const config::ConnectConfig& config) {
  net::Loop loop;
  base::SystemRandom random;
  config::Events events(config.common);
  auto router = transport::RouterClient::open(
      loop, {.router = config.common.router, .ca_file = config.common.ca_file, .timing = {}});
  if (!router.ok()) {
    events.error("usage", base::message(router.status()));
    return base::ExitCode::kUsage;
  }
  tunnel::TunnelSet tunnels(
      loop, random, {.grace = config.grace, .first_grace = config.hold, .leave = config.grace});
  tunnel::RouterWatch watch(
      loop, {[&](const std::string& why) { events.router_offline(why, tunnels.open_count()); },
             [&](auto away) { events.router_online(away, tunnels.open_count()); }});
  Context context{loop, random, **router, tunnels, watch, events, config};

  std::vector<std::unique_ptr<Connector>> connectors;
  tunnel::Lifetime lifetime(loop, tunnels, [&] {
    for (auto& connector : connectors) connector->stop();
  });
  const net::NetworkWatch network(loop, config.common.router.host, [&](const std::string& why) {
    (*router)->reconnect(why);
    tunnels.retry_now();
    for (auto& connector : connectors) connector->retry_now();
  });
  for (const config::ConnectedService& service : config.services) {
    connectors.push_back(std::make_unique<Connector>(
        context, service, [&](base::ExitCode exit_code) { lifetime.end(exit_code); }));
    const base::ExitCode started = connectors.back()->start();
    if (started != base::ExitCode::kDone) return started;
  }
  return lifetime.run();
}

}  // namespace mm::connect
