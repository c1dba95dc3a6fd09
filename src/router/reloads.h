// SPDX-License-Identifier: MIT
// Reloads: what a router reads again while it runs, when it changes or somebody says so: who may
// use it, and its certificate. What is not as it must be changes nothing, and is told. Loop only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/events.h"
#include "net/loop.h"
#include "router/people_file.h"
#include "router/router.h"

namespace mm::router {

class Reloads {
 public:
  // `auth_file`: empty for everybody. Borrowed: the loop and the events.
  Reloads(net::Loop& loop, const std::string& auth_file, config::Events& events);

  // Who may use the router at first. kInvalidArgument: the file is not what it must be.
  base::Status read();

  // Require: read(); the loop does not run yet, so that nobody is let in before they are known.
  void begin(Router& router);

  void everything();

 private:
  // There is something to read again.
  bool has_any() const { return people_ || router_->tls().is_in_files(); }
  void reload_people();
  void reload_tls();
  void look_later();

  config::Events& events_;
  std::optional<PeopleFile> people_;
  std::vector<config::Person> first_;
  Router* router_ = nullptr;
  net::Timer timer_;
};

}  // namespace mm::router
