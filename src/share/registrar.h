// SPDX-License-Identifier: MIT
// Registrar: holds one service's name at the router, whatever happens to the router: registers
// again after a loss, and at a new router's before it leaves the old one. Knows no connections.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "base/random.h"
#include "net/loop.h"
#include "transport/retry.h"
#include "transport/router_client.h"
#include "tunnel/router_watch.h"

namespace mm::share {

class Registrar {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;

    // The name is ours: for the first time, or again after a loss. `public_url`: how others reach
    // the router, as it says; empty: not known.
    virtual void on_registered(const std::string& public_url) = 0;

    // The name is ours at another router: connections are to be moved there.
    virtual void on_relocated() = 0;

    virtual void on_forward(const base::Token& token, uint64_t generation) = 0;
    virtual void on_move(const base::Token& token) = 0;

    // Another process of this user has the name now, for good. Forwards for what is open come on.
    virtual void on_superseded() = 0;

    // It cannot be had, and is not tried again, except by rename().
    virtual void on_failed(const base::Status& status, base::ExitCode exit_code) = 0;
  };

  // Borrowed, and outlive it.
  struct Context {
    net::Loop& loop;
    base::Random& random;
    transport::RouterClient& router;
    tunnel::RouterWatch& watch;
  };

  // Registers at once. `no_wait`: a router that is not there is final.
  Registrar(const Context& context, transport::RegistrationRequest request, bool no_wait,
            Listener& listener);
  ~Registrar();

  // If it waits to try again, it tries now: there may be a way to the router again.
  void retry_now();

  // Other tickets than before open the service.
  void update_verifiers(std::vector<std::string> verifiers);

  // Registers anew, for something else than the name has changed.
  void update(transport::RegistrationRequest request);

  // Tries again under another name. Require: on_failed().
  void rename(transport::RegistrationRequest request);

 private:
  struct Stream;

  void open();
  void registered(Stream& stream, const std::string& public_url);
  void superseded(Stream& stream);
  void ended(Stream& stream, const base::Status& status);
  void look_for_another_router();
  void relocate();

  const Context context_;
  transport::RegistrationRequest request_;
  Listener& listener_;  // outlives us
  transport::Retry retry_;
  net::Timer retry_timer_;
  net::Timer look_timer_;
  bool is_superseded_ = false;
  std::unique_ptr<Stream> current_;                             // registered
  std::unique_ptr<Stream> next_;                                // not yet
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // false for answers that come late
};

}  // namespace mm::share
