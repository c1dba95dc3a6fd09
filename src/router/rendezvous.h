// SPDX-License-Identifier: MIT
// Rendezvous: the tokens that were minted and not yet used, and the lanes that wait for the other
// end. Two lanes with one token and opposite roles are handed to the host to be joined. Loop only.
// Knows no gRPC call, registry or bridge; time comes in.
#pragma once

#include <cstdint>
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
#include "router/lane.h"
#include "router/limits.h"

namespace mm::router {

// What a lane's metadata says, and where it came from.
struct LaneRequest {
  base::Token token;
  Role role = Role::kConnect;
  std::string service;
  uint64_t generation = 0;  // 0: first attach
  std::string caller;       // the address without its port
};

class Rendezvous {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    virtual bool has_service(const std::string& service) const = 0;
    // A connect lane waits for a share lane.
    virtual void announce(const std::string& service, const base::Token& token,
                          uint64_t generation) = 0;
    virtual void join(const base::Token& token, const std::string& service,
                      std::shared_ptr<Lane> share, std::shared_ptr<Lane> connect) = 0;
    // For counting: a limit refused somebody.
    virtual void refused(std::string_view reason, const std::string& caller) = 0;
  };

  // All borrowed; they outlive us.
  Rendezvous(Host& host, base::Random& random, const Limits& limits)
      : host_(host), random_(random), limits_(limits) {}

  // Up to `count` new tokens, at least one. kResourceExhausted: the caller, or everybody, has too
  // many unused ones.
  base::StatusOr<std::vector<base::Token>> mint(const std::string& service, size_t count,
                                                const std::string& caller, base::TimePoint now);

  // Admits a lane to wait or joins it; else refuses it with
  //   kNotFound           the token was not minted here, is used up, or is not for this service,
  //                       or nobody shares the service now. (A re-attach, generation > 0, of a
  //                       token that is not known here is refused like that too.)
  //   kAlreadyExists      a lane of this role waits with this token, and is no older
  //   kResourceExhausted  too many lanes wait
  // A lane that waits gives way to one of its own role and a higher generation: it is a ghost's.
  void arrive(const std::shared_ptr<Lane>& lane, const LaneRequest& request, base::TimePoint now);

  // The lane's call is over. Its token is used up: a lone lane that left meets nobody any more.
  // False: it does not wait here.
  bool gone(const Lane& lane);

  // A share registered: the lanes that wait for it are announced again.
  void announce_waiting(const std::string& service);

  // Refuses lanes that waited too long, drops tokens that nobody used. Call at next_deadline().
  void expire(base::TimePoint now);
  std::optional<base::TimePoint> next_deadline() const;

  void refuse_all(const base::Status& status);

  size_t token_count() const { return entries_.size() - waiting_.size(); }
  size_t waiting_count() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::shared_ptr<Lane> lane;
    Role role = Role::kConnect;
    uint64_t generation = 0;
    std::string caller;
  };

  // A token lives unused, then with one lane waiting; joining ends it.
  struct Entry {
    std::string service;
    std::optional<std::string> minter;  // caller that the token counts for while it is unused
    base::TimePoint deadline;
    std::optional<Waiting> waiting;
  };
  using Entries = std::unordered_map<base::Token, Entry>;

  struct Caller {
    size_t tokens = 0;
    size_t lanes = 0;
  };

  base::Status check(const Entry& entry, const LaneRequest& request);
  void wait(Entries::iterator entry, const std::shared_ptr<Lane>& lane, const LaneRequest& request,
            base::TimePoint now);
  void set_deadline(Entries::iterator entry, base::TimePoint deadline);
  void stop_waiting(Entry& entry);
  void erase(Entries::iterator entry);

  void uncount(const std::string& caller, size_t Caller::*member);

  Host& host_;
  base::Random& random_;
  const Limits& limits_;
  Entries entries_;
  std::unordered_map<const Lane*, base::Token> waiting_;
  std::set<std::pair<base::TimePoint, base::Token>> deadlines_;  // one for each entry
  std::unordered_map<std::string, Caller> callers_;              // none that counts nothing
};

}  // namespace mm::router
