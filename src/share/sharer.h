// SPDX-License-Identifier: MIT
// Sharer: one shared service: holds its name at the router, and for each connection that somebody
// makes to it opens a lane and dials the target. Does not know flags or signals.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/exit_code.h"
#include "base/random.h"
#include "config/config.h"
#include "config/events.h"
#include "net/dial.h"
#include "net/loop.h"
#include "share/seen_tokens.h"
#include "transport/retry.h"
#include "transport/router_client.h"
#include "tunnel/tunnel_set.h"

namespace mm::share {

// What all services of one process share. Borrowed, and outlives them.
struct Context {
  net::Loop& loop;
  base::Random& random;
  transport::RouterClient& router;
  tunnel::TunnelSet& tunnels;
  config::Events& events;
  const config::ShareConfig& config;
  std::string owner_proof;  // one per process: a new stream takes over from its own ghost
  std::string label;        // "user@host", for people
};

class Sharer final : public transport::Registration::Listener, public tunnel::Tunnel::Owner {
 public:
  // `on_given_up(exit_code)`: the name cannot be had; called at most once.
  Sharer(Context& context, config::SharedService service,
         std::function<void(base::ExitCode)> on_given_up);

  // Gives the name up; what is open goes on.
  void stop();

 private:
  struct Connection {
    base::Token token;
    std::unique_ptr<net::Dial> dial;  // until the target answered
  };

  void register_name();
  void try_next_name();
  void tell_if_target_is_down();
  void open(const base::Token& token);
  void on_dialled(tunnel::Tunnel& tunnel, base::StatusOr<std::unique_ptr<net::Socket>> socket);

  void on_registered(const std::string& router_instance) override;
  void on_forward(const base::Token& token, uint64_t generation) override;
  void on_superseded() override;
  void on_draining() override;
  void on_ended(const base::Status& status) override;

  void on_lane_refused(tunnel::Tunnel& tunnel, const base::Status& status) override;
  void on_ended(tunnel::Tunnel& tunnel, const tunnel::Tunnel::Ending& ending) override;

  Context& context_;
  config::SharedService service_;
  std::string first_name_;  // the made-up name, before a number was added
  int names_tried_ = 1;
  std::function<void(base::ExitCode)> on_given_up_;
  transport::Retry retry_;
  net::Timer retry_timer_;
  std::unique_ptr<transport::Registration> registration_;
  bool was_announced_ = false;
  SeenTokens seen_;
  std::unordered_map<tunnel::Tunnel*, Connection> connections_;
};

}  // namespace mm::share
