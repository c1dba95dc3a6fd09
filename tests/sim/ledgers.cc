// SPDX-License-Identifier: MIT
#include "sim/ledgers.h"

#include <algorithm>

#include "secure/log_id.h"

namespace mm::sim {

using transport::Role;

std::shared_ptr<Ledger> Ledgers::open_lane(const transport::LaneRequest& request) {
  const std::string token = secure::log_id(request.token);
  if (request.role == Role::kConnect) {  // its tunnel keeps the name that it had at first
    replaced_[first_tokens_.try_emplace(request.service, token).first->second] = token;
  }
  Page& page = pages_[{request.role, token}];
  const bool is_later = !page.generation || request.generation > *page.generation;
  if (!is_later && failure_.empty()) failure_ = "a lane of a generation that had one";
  page.generation = request.generation;
  return page.ledger;
}

void Ledgers::forget(Role role) {
  std::erase_if(pages_, [role](const auto& entry) { return entry.first.first == role; });
  for (auto& [key, page] : pages_) page.is_left = true;
  if (role != Role::kConnect) return;
  first_tokens_.clear();
  replaced_.clear();
}

void Ledgers::check(Role role, const tunnel::TunnelSet& tunnels, uint64_t budget_bytes,
                    bool is_encrypted) {
  tunnels.each_open(
      [&](const tunnel::Tunnel& tunnel) { check_one(role, tunnel, budget_bytes, is_encrypted); });
  for (const auto& [key, page] : pages_) {  // those of tunnels that are over, too
    if (failure_.empty()) failure_ = page.ledger->failure();
  }
}

void Ledgers::check_one(Role role, const tunnel::Tunnel& tunnel, uint64_t budget_bytes,
                        bool is_encrypted) {
  const std::string& token = token_of(role, tunnel.log_id());
  const auto own = pages_.find({role, token});
  if (own == pages_.end()) return;  // it has opened no lane yet
  Ledger& ledger = *own->second.ledger;
  const Role peer_role = role == Role::kShare ? Role::kConnect : Role::kShare;
  const auto peer = pages_.find({peer_role, token});
  const bool has_peer = peer != pages_.end() && !own->second.is_left;
  const tunnel::Tunnel::Traffic traffic = tunnel.traffic();
  ledger.check({.una = ledger.acknowledged(),
                .received = tunnel.received(),
                .delivered = is_encrypted ? tunnel.received() : traffic.delivered_bytes,
                .sent = is_encrypted ? ledger.sent() : traffic.sent_bytes,
                .generation = tunnel.next_generation()},
               has_peer ? peer->second.ledger.get() : nullptr, budget_bytes);
  memory_most_ = std::max(memory_most_, ledger.memory_most());
}

const std::string& Ledgers::token_of(Role role, const std::string& log_id) const {
  const auto found = replaced_.find(log_id);
  return role == Role::kConnect && found != replaced_.end() ? found->second : log_id;
}

}  // namespace mm::sim
