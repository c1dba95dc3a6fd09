// SPDX-License-Identifier: MIT
// Router: the whole intermediary as one object: the gRPC server, its services, and the state that
// they share. `command` runs one in a process; a test runs one beside its clients.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "base/status.h"
#include "net/loop.h"
#include "router/control_service.h"
#include "router/limits.h"
#include "router/proxy_service.h"
#include "router/switchboard.h"
#include "router/unary_service.h"
#include "transport/server.h"

namespace mm::router {

class Router {
 public:
  // Listens and serves from now on, as far as the loop runs. Shares are told `public_url`, how
  // others reach it; empty: not known. Errors as Server::start.
  static base::StatusOr<std::unique_ptr<Router>> start(net::Loop& loop,
                                                       const transport::Server::Options& options,
                                                       const Limits& limits = {},
                                                       const std::string& public_url = "");

  ~Router();  // Require: stop()'s `stopped` ran
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  std::vector<std::string> addresses() const { return server_->addresses(); }

  // Who may do what: everybody everything until this is called. Also for what is open: who is cut
  // off is told why. On the loop.
  void set_people(const std::vector<config::Person>& people) { switchboard_.set_people(people); }
  // Cuts off whose time has ended. On the loop, each second or so.
  void end_expired() { switchboard_.end_expired(); }

  // What there is to see. On the loop.
  admin::Snapshot snapshot(bool wants_rows) const { return switchboard_.snapshot(wants_rows); }

  // Its certificate and key, if they are in files.
  transport::ServerTls& tls() { return server_->tls(); }

  // Takes nothing new, lets the open connections end for a while, ends what is left, and calls
  // `stopped` on the loop when nothing of it runs any more. Once, on the loop, which must run on.
  void stop(std::function<void()> stopped);

 private:
  Router(net::Loop& loop, const Limits& limits, const std::string& public_url);

  net::Loop& loop_;
  const Limits limits_;
  base::SystemRandom random_;
  Switchboard switchboard_;
  transport::Guests guests_;
  UnaryService unary_;
  ControlService control_;
  ProxyService proxy_;
  std::unique_ptr<transport::Server> server_;
  std::thread stopper_;
};

}  // namespace mm::router
