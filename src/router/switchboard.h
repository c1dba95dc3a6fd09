// SPDX-License-Identifier: MIT
// Switchboard: the router's state and what connects its parts: admission, registry, rendezvous, the
// bridges that are open, limits, and the order in which all of it ends. Loop only. The services
// call it with what they parsed; it knows no gRPC call.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "admin/snapshot.h"
#include "base/random.h"
#include "net/loop.h"
#include "router/admission.h"
#include "router/bridge.h"
#include "router/limits.h"
#include "router/quota.h"
#include "router/refusals.h"
#include "router/registry.h"
#include "router/rendezvous.h"

namespace mm::router {

class Switchboard final : private Rendezvous::Host {
 public:
  // Borrowed, all: they outlive us.
  Switchboard(net::Loop& loop, base::Random& random, const Limits& limits);

  const std::string& instance() const { return instance_; }  // random at each start

  // ---- who may

  // Before anything else is done about a call: who makes it, if they may do this. As
  // Admission::identify() and check().
  base::StatusOr<Caller> admit(const Credential& credential, config::Verb verb,
                               const std::string& service);

  // From now on, and also for what is open: who may no longer do what they do is cut off.
  void set_people(const std::vector<config::Person>& people);
  // The same for whose time has ended. Call it each second or so.
  void end_expired();

  // ---- what they may

  // As Registry::add; kUnavailable once the router ends. Whoever calls answers the share, and then
  // calls announce_waiting(), so that no forward overtakes the answer.
  base::StatusOr<Registry::Standing> add_share(const Offer& offer, ShareStream& share);
  void announce_waiting(const std::string& service);
  // `was_lost`: it did not end its stream itself.
  void remove_share(const ShareStream& share, bool was_lost);

  struct Forwards {
    std::vector<base::Token> tokens;
    uint16_t port_hint = 0;
    std::string share_instance;
  };
  // kNotFound: nobody shares the service. kResourceExhausted: the caller opens too many a second.
  // Else as Rendezvous::mint.
  base::StatusOr<Forwards> forward_to(const std::string& service, size_t count,
                                      const Caller& caller);

  // Those that they may list, of these names or (where there are none) of all; the oldest first.
  // An error of admission only where they ask for all.
  base::StatusOr<std::vector<const Service*>> list(const Credential& credential,
                                                   const std::set<std::string>& names);

  void lane_arrived(const std::shared_ptr<Lane>& lane, const LaneRequest& request);
  void lane_over(const Lane& lane, bool was_lost);

  // Everything new is refused from now on. Open bridges may end by themselves for a while, then are
  // ended; then the control streams are, and `idle` is called. Once.
  void drain(std::function<void()> idle);

  // No lane is here, and no token that was used.
  bool is_empty() const { return bridges_.empty() && rendezvous_.waiting_count() == 0; }
  // Not even a token that was minted and not used.
  bool holds_nothing() const { return bridges_.empty() && rendezvous_.is_empty(); }

  // For counting: somebody was refused elsewhere.
  void count_refusal(std::string_view reason, const std::string& caller) {
    refused(reason, caller);
  }
  // The same; returns `status`.
  base::Status turn_away(std::string_view reason, const std::string& caller, base::Status status);

  uint64_t refused_count() const { return refusals_.total(); }
  bool is_draining() const { return is_draining_; }

  // What there is to see. Rows take a look at every bridge.
  admin::Snapshot snapshot(bool wants_rows) const;

  // Those of `service` that carried most, if whoever asks may know them: it is theirs, or the
  // router has no people. Else none.
  std::vector<admin::Snapshot::Connection> connections_of(const Service& service,
                                                          const Credential& credential) const;

 private:
  bool has_service(const std::string& service) const override;
  void announce(const LaneRequest& request) override;
  void join(const LaneRequest& connect_request, std::shared_ptr<Lane> connect,
            const LaneRequest& share_request, std::shared_ptr<Lane> share) override;
  void end_bridge(const base::Token& token) override { end_bridge(token, LaneEnd::kPartnerLost); }
  void end_bridge(const base::Token& token, LaneEnd why);
  void refused(std::string_view reason, const std::string& caller) override;

  base::Status check(const Caller& caller, config::Verb verb, const std::string& service) const;
  void enforce();
  base::Status check_memory(const std::string& caller);

  // A bridge with whose it is.
  struct Open {
    std::shared_ptr<Bridge> bridge;
    base::Token token;
    std::string id;  // the token's, in logs
    std::string service;
    std::string share_instance;
    std::array<Caller, 2> callers;  // by Role
    base::TimePoint joined_time;
  };

  struct Aging {
    base::Token token;
    std::weak_ptr<Bridge> bridge;
    bool was_asked = false;  // to move
  };

  std::vector<admin::Snapshot::Connection> busiest(
      const std::function<bool(const Open&)>& is_wanted) const;
  void ending(const std::shared_ptr<Bridge>& bridge);
  void finish_bridges();
  void check_idle();
  void end_aged(base::TimePoint now);
  void arm();
  void on_deadline();

  net::Loop& loop_;
  base::Random& random_;
  const Limits& limits_;
  const std::string instance_;
  const base::TimePoint start_time_;
  const int64_t start_time_s_;  // Unix time
  Admission admission_;
  int64_t looked_s_ = 0;  // when it was last looked who has expired, Unix time
  Registry registry_;
  Rendezvous rendezvous_;
  Quota quota_;
  Refusals refusals_;
  uint64_t memory_bytes_ = 0;        // in use,
  base::TimePoint memory_looked_{};  // then

  uint64_t connections_opened_ = 0;
  uint64_t reattached_ = 0;
  uint64_t moves_asked_ = 0;
  std::array<uint64_t, 2> bytes_{};  // of the bridges that are over, by Role

  // A bridge is here once for each of its lanes whose call is not over.
  std::unordered_map<const Lane*, Open> bridges_;
  // The bridge that was joined last for each token.
  std::unordered_map<base::Token, Open> current_;
  std::multimap<base::TimePoint, Aging> aging_;  // when one is to move, then when it is cut
  // Bridges that end, and when they are cut off if they have not; in the order of time.
  std::deque<std::pair<base::TimePoint, std::weak_ptr<Bridge>>> ending_;

  bool is_draining_ = false;
  std::function<void()> idle_;
  net::Timer drain_timer_;
  net::Timer deadline_timer_;
  std::optional<base::TimePoint> armed_for_;
};

}  // namespace mm::router
