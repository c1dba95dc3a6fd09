// SPDX-License-Identifier: MIT
// Registry: which share offers which service. A name lives as long as its share's stream. Loop
// only. Knows no gRPC.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/token.h"
#include "router/bridge.h"
#include "router/limits.h"
#include "secure/digest.h"

namespace mm::router {

// What a share says of itself when it registers.
struct Offer {
  std::string name;
  std::string kind;
  uint16_t port_hint = 0;   // 0: none
  std::string owner_proof;  // empty: an owner that nobody else is
  std::string label;        // for people
};

// A share's control stream.
class ShareStream {
 public:
  virtual ~ShareStream() = default;
  virtual void forward(const std::string& service, const base::Token& token,
                       uint64_t generation) = 0;
  // Another stream of the same owner has the name now. This one is no longer
  // registered.
  virtual void superseded() = 0;
  virtual void draining() = 0;
  virtual void end(const base::Status& status) = 0;  // removes itself
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
  ShareStream* share = nullptr;  // borrowed: removes itself before it goes
};

class Registry {
 public:
  explicit Registry(const Limits& limits) : limits_(limits) {}

  // Registers `offer` for `share`. The same owner's newest share wins: the service goes on with it,
  // and the older share is told that it is superseded. Owners are the same where both gave the same
  // proof, and it is not empty.
  // kInvalidArgument: the name. kAlreadyExists: it is another owner's. kResourceExhausted.
  base::Status add(const Offer& offer, ShareStream& share, int64_t now_s);

  // The share's stream ended, and the name that it had with it: that name, or nothing where it had
  // none, because a newer share has it.
  std::optional<std::string> remove(const ShareStream& share);

  const Service* find(const std::string& name) const;  // null: nobody shares it

  std::vector<const Service*> oldest_first() const;

 private:
  const Limits& limits_;
  uint64_t next_sequence_ = 0;
  std::map<std::string, Service> services_;
  std::map<const ShareStream*, std::string> names_;
};

}  // namespace mm::router
