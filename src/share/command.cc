// SPDX-License-Identifier: MIT
#include "share/command.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "base/hex.h"
#include "config/events.h"
#include "share/sharer.h"
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

std::string random_proof(base::Random& random) {
  uint8_t bytes[32];
  random.fill(bytes);
  return base::to_hex(bytes);
}

}  // namespace

base::ExitCode run(const config::ShareConfig& config) {
  net::Loop loop;
  base::SystemRandom random;
  config::Events events(config.common);
  auto router = transport::RouterClient::open(
      loop, {.router = config.common.router, .ca_file = config.common.ca_file, .timing = {}});
  if (!router.ok()) {
    events.error("usage", base::message(router.status()));
    return base::ExitCode::kUsage;
  }
  tunnel::TunnelSet tunnels(loop);
  Context context{loop,          random, **router, tunnels, events, config, random_proof(random),
                  user_at_host()};

  std::vector<std::unique_ptr<Sharer>> sharers;
  tunnel::Lifetime lifetime(loop, tunnels, [&] {
    for (auto& sharer : sharers) sharer->stop();
  });
  for (const config::SharedService& service : config.services) {
    sharers.push_back(std::make_unique<Sharer>(
        context, service, [&](base::ExitCode exit_code) { lifetime.end(exit_code); }));
  }
  return lifetime.run();
}

}  // namespace mm::share
