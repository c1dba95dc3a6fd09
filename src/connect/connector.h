// SPDX-License-Identifier: MIT
// Connector: one service that applications here can connect to: its listener, its tokens in hand
// and the connections that wait for one. Does not know flags or signals.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/backoff.h"
#include "base/exit_code.h"
#include "base/random.h"
#include "config/config.h"
#include "config/events.h"
#include "connect/token_stock.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/stream.h"
#include "secure/identity.h"
#include "secure/tls.h"
#include "transport/router_client.h"
#include "tunnel/router_watch.h"
#include "tunnel/tunnel_set.h"

namespace mm::connect {

// What all services of one process share. Borrowed, and outlives them.
struct Context {
  net::Loop& loop;
  base::Random& random;
  transport::RouterClient& router;
  tunnel::TunnelSet& tunnels;
  tunnel::RouterWatch& watch;
  config::Events& events;
  const config::ConnectConfig& config;
  std::function<void()> on_listening = [] {};  // for a service, once
};

// What opens one service, and whose it has to be.
struct Key {
  base::Secret secret;  // the ticket's
  secure::Fingerprint share_key{};
  bool is_own = false;                 // of this user's keyring: no ticket was given
  std::function<void()> on_first_use;  // the share has shown its key
  base::Secret admission = {};         // shown to the router instead of a pass; empty: none
};

class Connector final : public TokenStock::Listener, public tunnel::Tunnel::Owner {
 public:
  // Without a key nothing is encrypted. `on_over(exit_code)`: the service cannot be had, or its one
  // connection (`-`) has ended.
  Connector(Context& context, config::ConnectedService service, std::optional<Key> key,
            std::function<void(base::ExitCode)> on_over);

  // Opens what can be opened before the service is seen. kCannotListen, or kDone.
  base::ExitCode start();

  // Forwards one more connection, as the listener does with each that it accepts.
  void accept(std::unique_ptr<net::Stream> stream);

  // There may be a way to the router again.
  void retry_now() { stock_->retry_now(); }

  // Accepts nothing more; what is open goes on, what waits is reset.
  void stop();

 private:
  // A connection without a lane: new, or its token was refused.
  struct Waiting {
    std::unique_ptr<net::Stream> stream;  // new
    tunnel::Tunnel* tunnel = nullptr;     // refused
    base::TimePoint deadline;
  };
  struct Connection {
    Connection(base::TimePoint latest, const Context& context)
        : deadline(latest), backoff(context.random), again_timer(context.loop) {}
    const base::TimePoint deadline;  // for a token that is not refused
    base::Backoff backoff;           // after one that was
    net::Timer again_timer;
    std::string share_instance;    // of the share that its token was for
    bool may_have_passed = false;  // bytes, to that share; so no other one may have them
  };

  bool is_standard() const;
  base::Secret admission() const { return key_ ? key_->admission : base::Secret(); }
  base::Status listen(const config::Endpoint& endpoint);
  void listen_at(uint16_t port_hint);
  void serve_waiting();
  void open(Waiting waiting, const TokenStock::Taken& taken);
  std::unique_ptr<net::Stream> seal(std::unique_ptr<net::Stream> stream);
  void tell_fault(std::string_view event_code, const tunnel::Tunnel::Ending& ending);
  void again(tunnel::Tunnel& tunnel);
  void expire_waiting();
  void give_up(Waiting waiting);
  void tell_wait(const base::Status& status);
  void tell_absence(const std::string& why);

  void on_tokens(uint16_t port_hint) override;
  void on_away(const base::Status& status) override;
  void on_given_up(const base::Status& status, base::ExitCode exit_code) override;

  void on_refused(tunnel::Tunnel& tunnel, const base::Status& status) override;
  void on_lane_lost(tunnel::Tunnel& tunnel, const base::Status& status) override;
  void on_lane_back(tunnel::Tunnel& tunnel) override;
  void on_move_asked(tunnel::Tunnel& tunnel) override;
  void on_local_over(tunnel::Tunnel& tunnel, const tunnel::Tunnel::Ending& ending) override;
  void on_ended(tunnel::Tunnel& tunnel) override;

  Context& context_;
  config::ConnectedService service_;
  const std::string remote_name_;  // what the router calls the service
  std::optional<Key> key_;
  std::optional<secure::TlsClient> tls_;  // with the key
  bool was_used_ = false;                 // the key
  bool fault_told_ = false;               // since a connection went well
  std::function<void(base::ExitCode)> on_over_;
  std::unique_ptr<net::Listener> listener_;
  std::deque<Waiting> waiting_;  // by deadline
  std::unordered_map<tunnel::Tunnel*, Connection> connections_;
  net::Timer hold_timer_;
  base::Status away_;                       // why the router cannot be asked
  base::Code wait_told_ = base::Code::kOk;  // why connections wait, as it was said last
  bool stopped_ = false;
  std::unique_ptr<TokenStock> stock_;
};

}  // namespace mm::connect
