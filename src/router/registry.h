// SPDX-License-Identifier: MIT
// Registry: which share offers which service. A name lives as long as its share's stream, and is
// listed as away for a while where that was lost under open connections. Loop only. Knows no gRPC.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/token.h"
#include "router/bridge.h"
#include "router/caller.h"
#include "router/limits.h"
#include "secure/digest.h"

namespace mm::router {

// What a share says of itself when it registers.
struct Offer {
  std::string name;
  std::string kind;
  uint16_t port_hint = 0;      // 0: none
  std::string owner_proof;     // empty: an owner that nobody else is
  std::string label;           // for people
  std::string instance;        // of the share's process; empty: not told
  uint64_t start_time_ms = 0;  // of that process, Unix time
  bool is_again = false;       // it had the name before
};

// A share's control stream.
class ShareStream {
 public:
  virtual ~ShareStream() = default;
  virtual void forward(const std::string& service, const base::Token& token,
                       uint64_t generation) = 0;
  // Another process of the same owner has the name now. The stream is kept for the connections that
  // this one still has.
  virtual void superseded() = 0;
  virtual void draining() = 0;
  virtual void move(const base::Token& token) = 0;
  virtual void end(const base::Status& status) = 0;  // removes itself

  virtual const Caller& caller() const = 0;  // who shares
  // A ticket whose proof has this digest is one of those that the share has told.
  virtual bool opens_to(const secure::Digest& proof) const = 0;
};

struct Service {
  std::string name;
  std::string kind;
  uint16_t port_hint = 0;
  std::string label;
  std::optional<secure::Digest> owner;
  int64_t create_time_s = 0;  // Unix time
  uint64_t sequence = 0;      // of its creation
  std::shared_ptr<Traffic> traffic;
  ShareStream* share = nullptr;  // borrowed: removes itself before it goes; null: away
  std::string instance;          // of the share that has the name
  uint64_t start_time_ms = 0;
  base::TimePoint away_until{};  // away: when it is forgotten
};

class Registry {
 public:
  explicit Registry(const Limits& limits) : limits_(limits) {}

  // Registers `offer` for `share`. Of the same owner's shares the one that was started last has the
  // name; another that asks gets in beside it, superseded. Owners are the same where both gave the
  // same proof, and it is not empty. Whoever comes first gets a name that is away.
  // kInvalidArgument: the name. kAlreadyExists: it is another owner's. kResourceExhausted.
  enum class Standing { kHasName, kSuperseded };
  base::StatusOr<Standing> add(const Offer& offer, ShareStream& share, int64_t now_s);

  // The share's stream ended. `away_until`: the service stays listed that long, for the connections
  // that it had. What is returned: the name that it had, if no other share has it.
  std::optional<std::string> remove(const ShareStream& share,
                                    std::optional<base::TimePoint> away_until);

  // Forgets services that were away for long enough.
  void expire(base::TimePoint now);
  std::optional<base::TimePoint> next_deadline() const;

  const Service* find(const std::string& name) const;  // null: nobody shares it now

  const Service* service_of(const ShareStream& share) const;  // null: it has no name (any more)

  // Whom to tell of a connection: the share of this instance if it is here, superseded or not, else
  // the one that has the name. Null: neither.
  ShareStream* stream(const std::string& name, const std::string& instance) const;

  // A share that has the name, or had it and was superseded, has told a ticket of this digest.
  bool is_opened_by(const std::string& name, const secure::Digest& proof) const;

  // Every share's stream with its service, superseded or not.
  std::vector<std::pair<std::string, ShareStream*>> streams() const;

  // Also the ones that are away.
  std::vector<const Service*> oldest_first() const;

 private:
  struct Superseded {
    std::string name;
    std::string instance;
    ShareStream* stream = nullptr;
  };

  void take(Service& service, const Offer& offer, ShareStream& share);

  const Limits& limits_;
  uint64_t next_sequence_ = 0;
  std::map<std::string, Service> services_;
  size_t away_count_ = 0;
  std::map<const ShareStream*, std::string> names_;  // of the streams that have one
  std::vector<Superseded> superseded_;
};

}  // namespace mm::router
