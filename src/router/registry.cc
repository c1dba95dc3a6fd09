// SPDX-License-Identifier: MIT
#include "router/registry.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "config/service.h"

namespace mm::router {
namespace {

constexpr size_t kLabelBytesMost = 128;
constexpr size_t kKindBytesMost = 16;

bool is_same_owner(const std::optional<secure::Digest>& left,
                   const std::optional<secure::Digest>& right) {
  return left && right && secure::equal(*left, *right);
}

}  // namespace

base::Status Registry::add(const Offer& offer, ShareStream& share, int64_t now_s) {
  MM_CHECK(!names_.contains(&share));
  const base::Status name_status = config::check_name(offer.name);
  if (!name_status.ok()) return name_status;
  std::optional<secure::Digest> owner;
  if (!offer.owner_proof.empty()) owner = secure::sha256(offer.owner_proof);

  const auto found = services_.find(offer.name);
  if (found != services_.end() && !is_same_owner(found->second.owner, owner)) {
    return base::error(base::Code::kAlreadyExists,
                       "the name \"" + offer.name + "\" is taken by another share");
  }
  if (found == services_.end() && services_.size() >= limits_.services) {
    return base::error(base::Code::kResourceExhausted, "the router has too many services");
  }
  const bool is_new = found == services_.end();
  Service& service = services_[offer.name];
  if (is_new) {
    service.name = offer.name;
    service.owner = owner;
    service.create_time_s = now_s;
    service.sequence = next_sequence_++;
    service.traffic = std::make_shared<Traffic>();
  }
  service.kind = base::printable(offer.kind, kKindBytesMost);
  service.port_hint = offer.port_hint;
  service.label = base::printable(offer.label, kLabelBytesMost);
  ShareStream* const older = std::exchange(service.share, &share);
  names_[&share] = offer.name;
  if (older) {
    names_.erase(older);
    older->superseded();
  }
  return absl::OkStatus();
}

std::optional<std::string> Registry::remove(const ShareStream& share) {
  const auto found = names_.find(&share);
  if (found == names_.end()) return std::nullopt;
  std::string name = std::move(found->second);
  names_.erase(found);
  services_.erase(name);
  return name;
}

const Service* Registry::find(const std::string& name) const {
  const auto found = services_.find(name);
  return found == services_.end() ? nullptr : &found->second;
}

std::vector<const Service*> Registry::oldest_first() const {
  std::vector<const Service*> all;
  for (const auto& [name, service] : services_) all.push_back(&service);
  std::sort(all.begin(), all.end(), [](const Service* left, const Service* right) {
    return left->sequence < right->sequence;
  });
  return all;
}

}  // namespace mm::router
