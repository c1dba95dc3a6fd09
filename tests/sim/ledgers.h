// SPDX-License-Identifier: MIT
// Ledgers: one for each end of each conduit in the World: told by the lanes what passes, and asked
// by the World after each step. Knows tokens and generations, and no process.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/ledger.h"
#include "transport/router_client.h"
#include "tunnel/tunnel_set.h"

namespace mm::sim {

class Ledgers {
 public:
  // An end opens a lane: where that end's frames are to be noted.
  std::shared_ptr<Ledger> open_lane(const transport::LaneRequest& request);

  // The processes of that role are no more, and what they knew is not known.
  void forget(transport::Role role);

  // What must hold of all tunnels of a process. Where they are encrypted, what their local sides
  // count is not what their conduits do.
  void check(transport::Role role, const tunnel::TunnelSet& tunnels, uint64_t budget_bytes,
             bool is_encrypted);

  uint64_t memory_most() const { return memory_most_; }  // of one conduit at one end
  const std::string& failure() const { return failure_; }

 private:
  using Key = std::pair<transport::Role, std::string>;  // and the token's id in logs

  struct Page {
    std::shared_ptr<Ledger> ledger = std::make_shared<Ledger>();
    std::optional<uint64_t> generation{};  // of its last lane
    bool is_left =
        false;  // its peer was killed: another one may answer for that, and knows nothing
  };

  void check_one(transport::Role role, const tunnel::Tunnel& tunnel, uint64_t budget_bytes,
                 bool is_encrypted);
  const std::string& token_of(transport::Role role, const std::string& log_id) const;

  std::map<Key, Page> pages_;
  std::map<std::string, std::string> first_tokens_;  // of a service's connect, and
  std::map<std::string, std::string> replaced_;      // by which that was replaced
  uint64_t memory_most_ = 0;
  std::string failure_;
};

}  // namespace mm::sim
