// SPDX-License-Identifier: MIT
// Sharer: one shared service: for each connection that somebody makes to it opens a lane and dials
// the target. Its name at the router is the Registrar's. Does not know flags or signals.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/exit_code.h"
#include "base/random.h"
#include "config/config.h"
#include "config/events.h"
#include "config/ticket.h"
#include "net/dial.h"
#include "net/loop.h"
#include "secure/keyring.h"
#include "secure/tls.h"
#include "share/last_word.h"
#include "share/registrar.h"
#include "share/ticket_book.h"
#include "share/tombstones.h"
#include "transport/router_client.h"
#include "tunnel/router_watch.h"
#include "tunnel/sealed_stream.h"
#include "tunnel/tunnel_set.h"

namespace mm::share {

// Reaches a target: as net::Dial does, or as a simulation wants it. What is returned gives up when
// it is destroyed.
using Dialled = std::function<void(base::StatusOr<std::unique_ptr<net::Stream>>)>;
using DialTarget = std::function<std::shared_ptr<void>(const base::Address&, Dialled)>;

// Whether something listens there, as net::is_listened_to tells; nothing: nobody can know.
using IsListenedTo = std::function<std::optional<bool>(const base::Address&)>;

// What all services of one process share. Borrowed, and outlives them.
struct Context {
  net::Loop& loop;
  base::Random& random;
  transport::RouterClient& router;
  tunnel::TunnelSet& tunnels;
  tunnel::RouterWatch& watch;
  config::Events& events;
  const config::ShareConfig& config;
  secure::Keyring& keyring;
  const secure::TlsServer& tls;  // shows the keyring's key
  DialTarget dial;
  IsListenedTo is_listened_to;
  std::function<int64_t()> unix_time_s;
  std::string label;     // "user@host", for people
  std::string instance;  // random, of this process
  uint64_t start_time_ms = 0;
};

class Sharer final : public Registrar::Listener, public tunnel::Tunnel::Owner {
 public:
  // `on_first`: the router holds the name, for the first time. `on_over(exit_code)`: it cannot be
  // had, or went to another process and what was open is over. Each is called at most once.
  Sharer(Context& context, config::SharedService service, std::function<void()> on_first,
         std::function<void(base::ExitCode)> on_over);

  // Asks for the name. Once.
  void start();

  // There may be a way to the router again.
  void retry_now();

  // The keyring says something else now: what a ticket opened that is no more is cut.
  void on_keyring_changed();

  // From now on the target is another one; what is open goes on with the one before.
  void retarget(const config::Endpoint& target);

  // Gives the name up; what is open goes on.
  void stop();

  // Its name went to another process, or was given up, and nothing is open.
  bool is_over() const { return has_lost_name_ && connections_.empty(); }

  const config::Endpoint& target() const { return service_.target; }

 private:
  struct Connection {
    base::Token token;
    tunnel::SealedStream* sealed = nullptr;  // the tunnel's, while that is open
    std::optional<std::list<tunnel::Tunnel*>::iterator> unproven;  // until its ticket was seen
    std::optional<TicketBook::Guest> guest;                        // whose ticket it was
    std::shared_ptr<void> dial;                                    // until the target answered
    bool is_told = false;  // its beginning, so that its end is, too
  };

  transport::RegistrationRequest request() const;
  void tell_if_target_is_down();
  void tell_sharing(const std::string& public_url);
  void open(const base::Token& token);
  void make_tickets();
  void seal(tunnel::Tunnel& tunnel);
  void proven(Connection& connection);
  void on_proof(tunnel::Tunnel& tunnel, const secure::Digest& proof,
                const secure::Digest& exporter);
  void dial(tunnel::Tunnel& tunnel);
  wire::Protection protection() const;
  void say_last_word(const base::Token& token, Tombstone tombstone);
  void on_dialled(tunnel::Tunnel& tunnel, base::StatusOr<std::unique_ptr<net::Stream>> stream);
  void end_if_over();
  std::unique_ptr<wire::Lane> open_lane(const base::Token& token, uint64_t generation,
                                        wire::Lane::Listener& listener);

  void on_registered(const std::string& public_url) override;
  void on_relocated() override;
  void on_forward(const base::Token& token, uint64_t generation) override;
  void on_move(const base::Token& token) override;
  void on_superseded() override;
  void on_failed(const base::Status& status, base::ExitCode exit_code) override;

  void on_refused(tunnel::Tunnel& tunnel, const base::Status& status) override;
  void on_lane_lost(tunnel::Tunnel& tunnel, const base::Status& status) override;
  void on_lane_back(tunnel::Tunnel& tunnel) override;
  void on_move_asked(tunnel::Tunnel& tunnel) override;
  void on_local_over(tunnel::Tunnel& tunnel, const tunnel::Tunnel::Ending& ending) override;
  void on_ended(tunnel::Tunnel& tunnel) override;

  Context& context_;
  config::SharedService service_;
  std::string first_name_;  // the made-up name, before a number was added
  int names_tried_ = 1;
  std::function<void()> on_first_;
  std::function<void(base::ExitCode)> on_over_;
  bool was_announced_ = false;
  bool has_lost_name_ = false;
  std::optional<TicketBook> tickets_;    // nothing: not encrypted
  std::list<tunnel::Tunnel*> unproven_;  // whose ticket was not seen yet, the oldest first
  base::TimePoint denial_told_time_{};
  Tombstones tombstones_;
  std::unordered_map<tunnel::Tunnel*, Connection> connections_;
  std::unordered_map<base::Token, tunnel::Tunnel*> by_token_;
  std::unordered_map<base::Token, std::unique_ptr<LastWord>> last_words_;
  std::unique_ptr<Registrar> registrar_;
};

}  // namespace mm::share
