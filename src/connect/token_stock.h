// SPDX-License-Identifier: MIT
// TokenStock: tokens for one service in hand, so that asking the router for one is not on the path
// of a new connection. It keeps asking while the service or the router is away, which is how
// connect learns that the service is there. Does not know sockets or tunnels.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/status.h"
#include "base/token.h"
#include "net/loop.h"
#include "transport/retry.h"
#include "transport/router_client.h"

namespace mm::connect {

class TokenStock {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;

    // The service is there, and take() has something.
    virtual void on_tokens(uint16_t port_hint) = 0;

    // The service or the router is away: kNotFound, or why the router cannot be asked. Called for
    // each failure in turn; asking goes on.
    virtual void on_away(const base::Status& status) = 0;

    // Asking is over: nobody need wait.
    virtual void on_given_up(const base::Status& status, base::ExitCode exit_code) = 0;
  };

  // All borrowed, and outlive it. `ticket`: as in ForwardRequest. Asks for the first tokens at
  // once.
  TokenStock(net::Loop& loop, transport::RouterClient& router, base::Random& random,
             std::string service, base::Secret ticket, bool no_wait, Listener& listener);

  struct Taken {
    base::Token token;
    std::string share_instance;  // of the share that the router knew when it gave the token
  };
  // A token that was never used. Nothing: on_tokens() follows as soon as there is one.
  std::optional<Taken> take();

  // The tokens in hand are no good (the router was restarted, or the service left): asks anew.
  void discard();

  // Asks no more, and says nothing more.
  void stop();

  // If it waits to ask again, it asks now: there may be a way to the router again.
  void retry_now();

 private:
  struct Held {
    Taken taken;
    base::TimePoint good_until;
  };

  void ask();
  void ask_again();
  void on_answer(base::StatusOr<transport::Forwards> answer);
  void on_failure(const base::Status& status);

  net::Loop& loop_;
  transport::RouterClient& router_;
  std::string service_;
  const base::Secret ticket_;
  Listener& listener_;
  transport::Retry retry_;
  std::deque<Held> tokens_;
  uint32_t wanted_;      // in hand; grows while connections come faster than tokens
  bool asking_ = false;  // a call is out, or the timer runs
  bool stopped_ = false;
  net::Timer timer_;
};

}  // namespace mm::connect
