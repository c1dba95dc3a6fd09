// SPDX-License-Identifier: MIT
// Rendezvous: the tokens that were minted and not yet used, the lanes that wait for the other end,
// and which generations of a token's lanes are joined. Two lanes with one token and opposite roles
// are handed to the host to be joined. Loop only. Knows no gRPC call, registry or bridge; time
// comes in.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"
#include "base/token.h"
#include "router/bridge.h"
#include "router/caller.h"
#include "router/lane.h"
#include "router/limits.h"

namespace mm::router {

// What a lane's metadata says, and where it came from.
struct LaneRequest {
  base::Token token;
  Role role = Role::kConnect;
  std::string service;
  uint64_t generation = 0;     // 0: first attach
  std::string share_instance;  // from connect: whom it wants to meet; empty: whoever has the name
  Caller caller;
};

class Rendezvous {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    virtual bool has_service(const std::string& service) const = 0;
    // A connect lane waits for a share lane.
    virtual void announce(const LaneRequest& request) = 0;
    // Two lanes are to be joined, in place of the two before them, if there are any.
    virtual void join(const LaneRequest& connect_request, std::shared_ptr<Lane> connect,
                      const LaneRequest& share_request, std::shared_ptr<Lane> share) = 0;
    // The share has left the lane that is joined with this token; over() follows.
    virtual void end_bridge(const base::Token& token) = 0;
    // For counting: a limit refused somebody.
    virtual void refused(std::string_view reason, const std::string& caller) = 0;
  };

  // All borrowed; they outlive us.
  Rendezvous(Host& host, base::Random& random, const Limits& limits)
      : host_(host), random_(random), limits_(limits) {}

  // Up to `count` new tokens, at least one. kResourceExhausted: the caller, or everybody, has too
  // many unused ones.
  base::StatusOr<std::vector<base::Token>> mint(const std::string& service, size_t count,
                                                const Caller& caller, base::TimePoint now);

  // Admits a lane to wait or joins it; else refuses it with
  //   kNotFound           generation 0: the token was not minted here, is used up, or is not for
  //                       this service. Or it is another person's or ticket's. Or nobody shares the
  //                       service now.
  //   kAlreadyExists      a lane of this role and token waits or is joined, and is no older
  //   kResourceExhausted  too many lanes wait, or the router has all the connections that it may
  // A re-attach needs no minted token: so a restarted router, or another one, can carry on. A lane
  // that waits gives way to one of its own role and a higher generation, never to the other role.
  // A connect lane that waits is announced; a share lane that waits ends the bridge before it.
  void arrive(const std::shared_ptr<Lane>& lane, const LaneRequest& request, base::TimePoint now);

  // The call of a lane that waited is over.
  void gone(const Lane& lane);

  // The bridge of the two lanes that were joined last with this token is over.
  void over(const base::Token& token);

  // A share registered: the lanes that wait for it are announced again.
  void announce_waiting(const std::string& service);

  // Refuses lanes that waited too long, drops tokens that nobody used. Call at next_deadline().
  void expire(base::TimePoint now);
  std::optional<base::TimePoint> next_deadline() const;

  // The lanes that wait and are picked by `is_due`; counted as refused for `reason`.
  void refuse(const std::function<bool(const LaneRequest&)>& is_due, std::string_view reason,
              const base::Status& status);

  size_t token_count() const { return unused_count_; }
  size_t used_count() const { return entries_.size() - unused_count_; }  // that have a lane
  bool is_empty() const { return entries_.empty() && unused_count_ == 0 && callers_.empty(); }
  size_t waiting_count() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::shared_ptr<Lane> lane;
    LaneRequest request;
  };

  // A token lives unused, with one lane waiting, joined, or joined with one waiting.
  struct Entry {
    std::string service;
    std::optional<std::string> minter;        // Caller::name that an unused token counts for
    std::array<std::string, 2> whose;         // Caller::name by Role; empty: not a known caller's
    std::optional<base::TimePoint> deadline;  // while it is unused, or a lane waits
    std::optional<Waiting> waiting;
    std::optional<std::array<uint64_t, 2>> joined;  // generations by Role
  };
  using Entries = std::unordered_map<base::Token, Entry>;

  struct Counts {
    size_t tokens = 0;
    size_t lanes = 0;
  };

  bool is_of_another(Entries::const_iterator found, const LaneRequest& request) const;
  base::Status check(Entries::iterator found, const LaneRequest& request);
  base::Status turn_away(std::string_view reason, const LaneRequest& request, base::Status status);
  base::Status check_room(const LaneRequest& request);
  bool is_limited(const Caller& caller) const;
  void join(Entries::iterator found, const std::shared_ptr<Lane>& lane, const LaneRequest& request);
  void wait(Entries::iterator found, const std::shared_ptr<Lane>& lane, const LaneRequest& request,
            base::TimePoint now);
  void set_deadline(Entries::iterator found, std::optional<base::TimePoint> deadline);
  void use(Entry& entry);
  void stop_waiting(Entries::iterator found);
  void erase(Entries::iterator found);

  void uncount(const std::string& caller, size_t Counts::*member);

  Host& host_;
  base::Random& random_;
  const Limits& limits_;
  Entries entries_;
  size_t unused_count_ = 0;
  std::unordered_map<const Lane*, base::Token> waiting_;
  std::set<std::pair<base::TimePoint, base::Token>> deadlines_;
  std::unordered_map<std::string, Counts> callers_;  // by Caller::name; none that counts nothing
};

}  // namespace mm::router
