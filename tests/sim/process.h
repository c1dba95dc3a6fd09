// SPDX-License-Identifier: MIT
// The two processes at the ends, as their commands put them together: the product's own classes,
// with the simulation's network below them. To destroy one is to kill it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "connect/connector.h"
#include "share/sharer.h"
#include "sim/net.h"
#include "sim/plan.h"

namespace mm::sim {

// Says that a process gave up, which no process of the simulation has a reason to.
using GaveUp = std::function<void()>;

class ConnectProcess {
 public:
  // With one service for each connection of the plan. Net and link outlive it.
  ConnectProcess(Net& net, const Link& link, const Plan& plan, const GaveUp& gave_up);

  void accept(size_t index, std::unique_ptr<net::Stream> stream) {
    connectors_[index]->accept(std::move(stream));
  }
  void change_network();
  void stop();
  const tunnel::TunnelSet& tunnels() const { return tunnels_; }

 private:
  Client client_;
  const config::ConnectConfig config_;
  config::Events events_;
  tunnel::TunnelSet tunnels_;
  tunnel::RouterWatch watch_;
  connect::Context context_;
  std::vector<std::unique_ptr<connect::Connector>> connectors_;
};

class ShareProcess {
 public:
  using Dial = std::function<std::shared_ptr<void>(size_t index, share::Dialled dialled)>;

  // `dial` is asked for the target of the connection with that index.
  ShareProcess(Net& net, const Link& link, const Plan& plan, const Dial& dial,
               const GaveUp& gave_up);

  void change_network();
  const tunnel::TunnelSet& tunnels() const { return tunnels_; }

 private:
  Client client_;
  const config::ShareConfig config_;
  config::Events events_;
  secure::Keyring keyring_;
  const secure::TlsServer tls_;
  tunnel::TunnelSet tunnels_;
  tunnel::RouterWatch watch_;
  std::deque<share::Context> contexts_;  // one for each service: they differ in what is dialled
  std::vector<std::unique_ptr<share::Sharer>> sharers_;
};

}  // namespace mm::sim
