// SPDX-License-Identifier: MIT
#include "router/registry.h"

#include <algorithm>
#include <utility>

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

base::StatusOr<Registry::Standing> Registry::add(const Offer& offer, ShareStream& share,
                                                 int64_t now_s) {
  MM_CHECK(!names_.contains(&share));
  const base::Status name_status = config::check_name(offer.name);
  if (!name_status.ok()) return name_status;
  std::optional<secure::Digest> owner;
  if (!offer.owner_proof.empty()) owner = secure::sha256(offer.owner_proof);

  auto found = services_.find(offer.name);
  const bool is_same = found != services_.end() && is_same_owner(found->second.owner, owner);
  if (found != services_.end() && !is_same) {
    if (found->second.share) {
      return base::error(
          base::Code::kAlreadyExists,
          "the name \"" + offer.name + "\" is taken by another share: choose another");
    }
    --away_count_;
    services_.erase(found);
    found = services_.end();
  }
  if (found == services_.end() && services_.size() >= limits_.services) {
    return base::error(base::Code::kResourceExhausted, "the router has too many services");
  }
  if (is_same && found->second.share && offer.is_again &&
      offer.start_time_ms < found->second.start_time_ms) {
    superseded_.push_back({offer.name, offer.instance, &share});
    return Standing::kSuperseded;
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
  if (!is_new && !service.share) --away_count_;
  take(service, offer, share);
  return Standing::kHasName;
}

// The name goes to this share.
void Registry::take(Service& service, const Offer& offer, ShareStream& share) {
  service.kind = base::printable(offer.kind, kKindBytesMost);
  service.port_hint = offer.port_hint;
  service.label = base::printable(offer.label, kLabelBytesMost);
  service.start_time_ms = offer.start_time_ms;
  const std::string older_instance = std::exchange(service.instance, offer.instance);
  ShareStream* const older = std::exchange(service.share, &share);
  names_[&share] = offer.name;
  if (!older) return;
  names_.erase(older);
  if (!offer.instance.empty() && offer.instance == older_instance) {
    older->end(absl::OkStatus());  // its own ghost
  } else {
    superseded_.push_back({offer.name, older_instance, older});
    older->superseded();
  }
}

std::optional<std::string> Registry::remove(const ShareStream& share,
                                            std::optional<base::TimePoint> away_until) {
  std::erase_if(superseded_, [&](const Superseded& each) { return each.stream == &share; });
  const auto found = names_.find(&share);
  if (found == names_.end()) return std::nullopt;
  std::string name = std::move(found->second);
  names_.erase(found);
  if (away_until) {
    Service& service = services_.at(name);
    service.share = nullptr;
    service.away_until = *away_until;
    ++away_count_;
  } else {
    services_.erase(name);
  }
  return name;
}

void Registry::expire(base::TimePoint now) {
  if (away_count_ == 0) return;
  away_count_ -= std::erase_if(services_, [&](const auto& each) {
    return !each.second.share && each.second.away_until <= now;
  });
}

std::optional<base::TimePoint> Registry::next_deadline() const {
  std::optional<base::TimePoint> next;
  if (away_count_ == 0) return next;
  for (const auto& [name, service] : services_) {
    if (!service.share) next = std::min(next.value_or(service.away_until), service.away_until);
  }
  return next;
}

const Service* Registry::find(const std::string& name) const {
  const auto found = services_.find(name);
  return found == services_.end() || !found->second.share ? nullptr : &found->second;
}

const Service* Registry::service_of(const ShareStream& share) const {
  const auto found = names_.find(&share);
  return found == names_.end() ? nullptr : find(found->second);
}

ShareStream* Registry::stream(const std::string& name, const std::string& instance) const {
  const Service* const service = find(name);
  if (instance.empty() || (service && service->instance == instance)) {
    return service ? service->share : nullptr;
  }
  for (const Superseded& each : superseded_) {
    if (each.name == name && each.instance == instance) return each.stream;
  }
  return service ? service->share : nullptr;
}

bool Registry::is_opened_by(const std::string& name, const secure::Digest& proof) const {
  const Service* const service = find(name);
  if (service && service->share->opens_to(proof)) return true;
  return std::any_of(superseded_.begin(), superseded_.end(), [&](const Superseded& each) {
    return each.name == name && each.stream->opens_to(proof);
  });
}

std::vector<std::pair<std::string, ShareStream*>> Registry::streams() const {
  std::vector<std::pair<std::string, ShareStream*>> all;
  for (const auto& [name, service] : services_) {
    if (service.share) all.emplace_back(name, service.share);
  }
  for (const Superseded& each : superseded_) all.emplace_back(each.name, each.stream);
  return all;
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
