// SPDX-License-Identifier: MIT
#include "sim/process.h"

#include <fcntl.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/hex.h"

namespace mm::sim {
namespace {

using namespace std::chrono_literals;

config::Common quiet() {
  config::Common common;
  common.verbosity = -1;
  return common;
}

std::string name_of(size_t index) { return "s" + std::to_string(index); }

config::ShareConfig share_config(const Plan& plan) {
  config::ShareConfig config;
  config.common = quiet();
  config.is_encrypted = plan.is_encrypted;
  for (size_t i = 0; i < plan.connections; ++i) {
    config.services.push_back({name_of(i), false, base::Address::tcp("127.0.0.1", 1)});
  }
  return config;
}

config::ConnectConfig connect_config() {
  config::ConnectConfig config;
  config.common = quiet();
  config.hold = 10min;  // longer than things go wrong
  return config;
}

// Of whoever uses the simulation: at both ends the same.
secure::Keyring keyring_of_all() {
  test::SeededRandom always_the_same(1);
  return secure::Keyring::temporary(always_the_same);
}

int nowhere() {
  static const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  return fd;
}

std::optional<connect::Key> key_of(const Plan& plan, const std::string& service) {
  if (!plan.is_encrypted) return std::nullopt;
  const secure::Keyring keyring = keyring_of_all();
  return connect::Key{keyring.own_secret(service), keyring.identity().fingerprint(), true, {}};
}

std::string instance(base::Random& random) {
  std::array<uint8_t, 8> bytes;
  random.fill(bytes);
  return base::to_hex(bytes);
}

}  // namespace

ConnectProcess::ConnectProcess(Net& net, const Link& link, const Plan& plan, const GaveUp& gave_up)
    : client_(net, link),
      config_(connect_config()),
      events_(config_.common, nowhere(), nowhere()),
      tunnels_(net.loop(), net.random(),
               {.grace = config_.grace, .first_grace = config_.hold, .leave = config_.grace},
               plan.budget_bytes),
      watch_(net.loop(), {[](const std::string&) {}, [](auto) {}}),
      context_{net.loop(), net.random(), client_, tunnels_, watch_, events_, config_} {
  for (size_t i = 0; i < plan.connections; ++i) {
    config::ConnectedService service;
    service.name = name_of(i);
    connectors_.push_back(std::make_unique<connect::Connector>(
        context_, service, key_of(plan, service.name), [gave_up](base::ExitCode) { gave_up(); }));
    connectors_.back()->start();
  }
}

// As the command does when it is told; and the share's below.
void ConnectProcess::change_network() {
  client_.reconnect("the network changed");
  tunnels_.retry_now();
  for (const auto& connector : connectors_) connector->retry_now();
}

void ConnectProcess::stop() {
  for (const auto& connector : connectors_) connector->stop();
}

ShareProcess::ShareProcess(Net& net, const Link& link, const Plan& plan, const Dial& dial,
                           const GaveUp& gave_up)
    : client_(net, link),
      config_(share_config(plan)),
      events_(config_.common, nowhere(), nowhere()),
      keyring_(keyring_of_all()),
      tls_(keyring_.identity()),
      tunnels_(net.loop(), net.random(), {.grace = config_.grace, .first_grace = config_.grace},
               plan.budget_bytes),
      watch_(net.loop(), {[](const std::string&) {}, [](auto) {}}) {
  const std::string own_instance = instance(net.random());
  const base::Duration uptime = net.loop().clock().now().time_since_epoch();
  for (size_t i = 0; i < config_.services.size(); ++i) {
    contexts_.push_back({
        .loop = net.loop(),
        .random = net.random(),
        .router = client_,
        .tunnels = tunnels_,
        .watch = watch_,
        .events = events_,
        .config = config_,
        .keyring = keyring_,
        .tls = tls_,
        .dial = [dial, i](const base::Address&,
                          share::Dialled dialled) { return dial(i, std::move(dialled)); },
        .is_listened_to = [](const base::Address&) { return std::optional<bool>(); },
        .unix_time_s = [] { return int64_t{0}; },
        .label = "sim",
        .instance = own_instance,
        .start_time_ms = static_cast<uint64_t>(uptime.count()),
    });
  }
  for (size_t i = 0; i < config_.services.size(); ++i) {
    sharers_.push_back(std::make_unique<share::Sharer>(
        contexts_[i], config_.services[i], [] {}, [gave_up](base::ExitCode) { gave_up(); }));
    sharers_.back()->start();
  }
}

void ShareProcess::change_network() {
  client_.reconnect("the network changed");
  tunnels_.retry_now();
  for (const auto& sharer : sharers_) sharer->retry_now();
}

}  // namespace mm::sim
