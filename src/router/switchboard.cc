// SPDX-License-Identifier: MIT
#include "router/switchboard.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/hex.h"
#include "base/text.h"
#include "ops/log.h"
#include "ops/process.h"
#include "secure/log_id.h"

namespace mm::router {
namespace {

constexpr base::Duration kMemoryLook = std::chrono::seconds(1);

base::Status shutting_down() {
  return base::error(base::Code::kUnavailable, "the router is shutting down");
}

std::string random_instance(base::Random& random) {
  std::array<uint8_t, 8> bytes;
  random.fill(bytes);
  return base::to_hex(bytes);
}

}  // namespace

Switchboard::Switchboard(net::Loop& loop, base::Random& random, const Limits& limits)
    : loop_(loop),
      random_(random),
      limits_(limits),
      instance_(random_instance(random)),
      start_time_(loop.clock().now()),
      start_time_s_(base::unix_time_s()),
      registry_(limits),
      rendezvous_(*this, random, limits),
      quota_(limits),
      drain_timer_(loop),
      deadline_timer_(loop) {}

base::StatusOr<Registry::Standing> Switchboard::add_share(const Offer& offer, ShareStream& share) {
  const std::string& who = share.caller().name;
  if (is_draining_) return turn_away("draining", who, shutting_down());
  if (const Caller& caller = share.caller(); caller.is_known()) {
    const auto streams = registry_.streams();
    const auto count = std::count_if(streams.begin(), streams.end(), [&](const auto& each) {
      return each.second->caller().name == caller.name && each.first != offer.name;
    });
    if (static_cast<size_t>(count) >= limits_.services_per_caller) {
      return turn_away("services_per_caller", who,
                       base::error(base::Code::kResourceExhausted, who + " has too many services"));
    }
  }
  const auto standing = registry_.add(offer, share, base::unix_time_s());
  if (!standing.ok()) {
    const base::Code code = standing.status().code();
    return turn_away(code == base::Code::kAlreadyExists     ? "name_taken"
                     : code == base::Code::kInvalidArgument ? "name"
                                                            : "services",
                     who, standing.status());
  }
  ops::log(ops::Level::kInfo, "service.added", {{"service", offer.name}});
  return standing;
}

void Switchboard::announce_waiting(const std::string& service) {
  rendezvous_.announce_waiting(service);
}

void Switchboard::remove_share(const ShareStream& share, bool was_lost) {
  const base::TimePoint now = loop_.clock().now();
  const Service* const service = registry_.service_of(share);
  const bool has_connections =
      service && (service->traffic->connections > 0 ||
                  now - service->traffic->share_lost_time < limits_.away_notice);
  std::optional<base::TimePoint> away_until;
  if (was_lost && has_connections) away_until = now + limits_.away;
  const std::optional<std::string> name = registry_.remove(share, away_until);
  if (!name) return;
  ops::log(ops::Level::kInfo, away_until ? "service.away" : "service.removed",
           {{"service", *name}});
  arm();
}

base::StatusOr<Switchboard::Forwards> Switchboard::forward_to(const std::string& service,
                                                              size_t count, const Caller& caller) {
  if (is_draining_) return turn_away("draining", caller.name, shutting_down());
  const base::TimePoint now = loop_.clock().now();
  const Service* const found = registry_.find(service);
  if (!found) {
    return turn_away(
        "no_service", caller.name,
        base::error(base::Code::kNotFound, "nobody shares " + base::in_quotes(service) + " now"));
  }
  const size_t opens =
      quota_.take_opens(caller, std::clamp<size_t>(count, 1, limits_.tokens_per_call), now);
  if (opens == 0) {
    return turn_away("opens_per_second", caller.name,
                     base::error(base::Code::kResourceExhausted,
                                 caller.name + " opens too many connections a second"));
  }
  base::StatusOr<std::vector<base::Token>> tokens = rendezvous_.mint(service, opens, caller, now);
  if (!tokens.ok()) return tokens.status();
  arm();
  return Forwards{std::move(*tokens), found->port_hint, found->instance};
}

base::StatusOr<std::vector<const Service*>> Switchboard::list(const Credential& credential,
                                                              const std::set<std::string>& names) {
  // Who asks about names alone may only want to know which router this is.
  const auto caller = names.empty() ? admit(credential, config::kMayList, "")
                                    : admission_.identify(credential, base::unix_time_s());
  if (!caller.ok()) {
    if (!names.empty()) refused("pass", credential.address);  // admit() has counted the others
    return caller.status();
  }
  std::vector<const Service*> all = registry_.oldest_first();
  std::erase_if(all, [&](const Service* service) {
    if (!names.empty() && !names.contains(service->name)) return true;
    return !check(*caller, config::kMayList, service->name).ok();
  });
  return all;
}

void Switchboard::lane_arrived(const std::shared_ptr<Lane>& lane, const LaneRequest& request) {
  if (is_draining_) {
    return lane->refuse(turn_away("draining", request.caller.name, shutting_down()));
  }
  // A token is for the share that had the name when it was minted: that is the one to be met again.
  const Service* const service = registry_.find(request.service);
  const bool is_new = request.generation == 0 && !request.share_instance.empty();
  if (is_new && service && service->instance != request.share_instance) {
    return lane->refuse(
        turn_away("share_gone", request.caller.name,
                  base::error(base::Code::kNotFound, "the token is for a share that is gone")));
  }
  const bool is_shares = request.generation == 0 && request.role == Role::kShare;
  if (is_shares && service && service->share->caller().name != request.caller.name &&
      request.caller.is_known()) {
    refused("token", request.caller.name);
    lane->refuse(base::error(base::Code::kNotFound, "the token is for another person's share"));
    return;
  }
  const bool is_one_more = request.generation == 0 && request.role == Role::kConnect;
  if (is_one_more && !quota_.has_room(request.caller)) {
    return lane->refuse(turn_away("connections_per_caller", request.caller.name,
                                  base::error(base::Code::kResourceExhausted,
                                              request.caller.name + " has too many connections")));
  }
  if (is_one_more) {
    if (const auto status = check_memory(request.caller.name); !status.ok()) {
      return lane->refuse(status);
    }
  }
  rendezvous_.arrive(lane, request, loop_.clock().now());
  arm();
}

void Switchboard::lane_over(const Lane& lane, bool was_lost) {
  const auto found = bridges_.find(&lane);
  if (found == bridges_.end()) {
    rendezvous_.gone(lane);
    return;
  }
  const Open open = std::move(found->second);
  bridges_.erase(found);
  // Whatever we ended ourselves was counted by its own reason.
  if (was_lost && !lane.is_finishing() && !open.bridge->was_cancelled()) {
    refused("call_lost", open.callers[static_cast<size_t>(open.bridge->role_of(lane))].name);
  }
  open.bridge->lane_over(lane, was_lost);
  if (!open.bridge->is_over()) {
    ending(open.bridge);
    return;
  }
  quota_.closed(open.callers[static_cast<size_t>(Role::kConnect)]);
  for (const Role role : {Role::kShare, Role::kConnect}) {
    bytes_[static_cast<size_t>(role)] += open.bridge->bytes_from(role);
  }
  const auto current = current_.find(open.token);
  if (current != current_.end() && current->second.bridge == open.bridge) {
    current_.erase(current);
    rendezvous_.over(open.token);
  }
  const Service* const service = registry_.find(open.service);
  if (service && open.bridge->why() == Bridge::kShareLost) {
    service->traffic->share_lost_time = loop_.clock().now();
  }
  ops::log(ops::Level::kInfo, "bridge.closed",
           {{"t", open.id},
            {"up_bytes", open.bridge->bytes_from(Role::kConnect)},
            {"down_bytes", open.bridge->bytes_from(Role::kShare)},
            {"why", open.bridge->why()}});
  check_idle();
}

void Switchboard::drain(std::function<void()> idle) {
  if (is_draining_) return;
  is_draining_ = true;
  idle_ = std::move(idle);
  ops::log(ops::Level::kInfo, "router.draining", {{"lanes", bridges_.size()}});
  rendezvous_.refuse([](const LaneRequest&) { return true; }, "draining", shutting_down());
  for (const auto& [service, stream] : registry_.streams()) stream->draining();
  drain_timer_.after(limits_.drain, [this] { finish_bridges(); });
  loop_.post([this] { check_idle(); });  // not from within this call
}

bool Switchboard::has_service(const std::string& service) const {
  return registry_.find(service) != nullptr;
}

void Switchboard::announce(const LaneRequest& request) {
  ShareStream* const stream = registry_.stream(request.service, request.share_instance);
  if (stream) stream->forward(request.service, request.token, request.generation);
}

void Switchboard::join(const LaneRequest& request, std::shared_ptr<Lane> connect,
                       const LaneRequest& share_request, std::shared_ptr<Lane> share) {
  const Lane* const lanes[] = {share.get(), connect.get()};
  const auto bridge = std::make_shared<Bridge>(
      std::move(share), std::move(connect), registry_.find(request.service)->traffic,
      [this](std::shared_ptr<Bridge> half_closed, Role role) {
        loop_.post([this, half_closed = std::move(half_closed), role] {
          if (half_closed->half_closed(role)) ending(half_closed);
        });
      });
  end_bridge(request.token);
  const Open open{bridge,
                  request.token,
                  secure::log_id(request.token),
                  request.service,
                  request.share_instance,
                  {share_request.caller, request.caller},
                  loop_.clock().now()};
  ++(request.generation == 0 ? connections_opened_ : reattached_);
  quota_.opened(request.caller, loop_.clock().now());
  for (const Lane* lane : lanes) bridges_.emplace(lane, open);
  current_.insert_or_assign(request.token, open);
  if (limits_.lane_age > base::Duration::zero()) {
    const auto jitter = static_cast<int64_t>(
        random_.below(static_cast<uint64_t>(limits_.lane_age.count() / 10 + 1)));
    aging_.emplace(loop_.clock().now() + limits_.lane_age - base::Duration(jitter),
                   Aging{request.token, bridge});
    arm();
  }
  ops::log(ops::Level::kInfo, "bridge.opened",
           {{"t", open.id}, {"service", request.service}, {"generation", request.generation}});
  bridge->start();
}

void Switchboard::end_bridge(const base::Token& token, LaneEnd why) {
  const auto found = current_.find(token);
  if (found == current_.end()) return;
  const std::shared_ptr<Bridge> bridge = found->second.bridge;
  bridge->finish(why);
  ending(bridge);
}

// Asks for the lanes to be moved, and cuts them where nobody does.
void Switchboard::end_aged(base::TimePoint now) {
  while (!aging_.empty() && aging_.begin()->first <= now) {
    Aging aged = aging_.extract(aging_.begin()).mapped();
    const std::shared_ptr<Bridge> bridge = aged.bridge.lock();
    const auto found = current_.find(aged.token);
    if (!bridge || bridge->is_ending() || found == current_.end()) continue;
    if (std::exchange(aged.was_asked, true)) {
      refused("lane_age", found->second.callers[static_cast<size_t>(Role::kConnect)].name);
      end_bridge(aged.token);
      continue;
    }
    const Open& open = found->second;
    ShareStream* const stream = registry_.stream(open.service, open.share_instance);
    if (stream) stream->move(aged.token);
    ++moves_asked_;
    aging_.emplace(now + limits_.move_patience, std::move(aged));
  }
}

void Switchboard::refused(std::string_view reason, const std::string& caller) {
  refusals_.count(reason, caller, loop_.clock().now());
}

base::Status Switchboard::turn_away(std::string_view reason, const std::string& caller,
                                    base::Status status) {
  refused(reason, caller);
  return status;
}

// A reading may be a second old: it takes a few system calls.
base::Status Switchboard::check_memory(const std::string& caller) {
  if (limits_.memory_bytes == 0) return absl::OkStatus();
  const base::TimePoint now = loop_.clock().now();
  if (memory_bytes_ == 0 || now - memory_looked_ >= kMemoryLook) {
    memory_bytes_ = ops::resident_bytes();
    if (memory_bytes_ >= limits_.memory_bytes) {  // some of it may be in nobody's use
      ops::give_back_memory();
      memory_bytes_ = ops::resident_bytes();
    }
    memory_looked_ = now;
  }
  if (memory_bytes_ < limits_.memory_bytes) return absl::OkStatus();
  return turn_away("max_memory", caller,
                   base::error(base::Code::kResourceExhausted,
                               "the router has all the memory that it may; try again in a while"));
}

// A write whose reader stopped would keep a bridge that ends for ever.
void Switchboard::ending(const std::shared_ptr<Bridge>& bridge) {
  if (bridge->is_over()) return;
  ending_.emplace_back(loop_.clock().now() + limits_.end_patience, bridge);
  arm();
}

void Switchboard::finish_bridges() {
  for (const auto& [lane, open] : bridges_) {
    open.bridge->finish(LaneEnd::kShutdown);
    ending(open.bridge);
  }
}

void Switchboard::check_idle() {
  if (!is_draining_ || !bridges_.empty() || !idle_) return;
  drain_timer_.cancel();
  for (const auto& [service, stream] : registry_.streams()) stream->end(shutting_down());
  std::exchange(idle_, nullptr)();
}

// One timer for every kind of deadline. It may fire early, when what it was armed for is gone.
void Switchboard::arm() {
  std::optional<base::TimePoint> next = rendezvous_.next_deadline();
  const auto consider = [&next](base::TimePoint time) {
    next = std::min(next.value_or(time), time);
  };
  if (!ending_.empty()) consider(ending_.front().first);
  if (!aging_.empty()) consider(aging_.begin()->first);
  if (registry_.next_deadline()) consider(*registry_.next_deadline());
  if (!next || (armed_for_ && *armed_for_ <= *next)) return;
  armed_for_ = next;
  deadline_timer_.after(*next - loop_.clock().now(), [this] { on_deadline(); });
}

void Switchboard::on_deadline() {
  armed_for_.reset();
  const base::TimePoint now = loop_.clock().now();
  rendezvous_.expire(now);
  registry_.expire(now);
  end_aged(now);
  while (!ending_.empty() && ending_.front().first <= now) {
    const std::shared_ptr<Bridge> bridge = ending_.front().second.lock();
    ending_.pop_front();
    if (!bridge || bridge->is_over() || bridge->was_cancelled()) continue;
    refused("stuck_reader", "");
    bridge->cancel();
  }
  arm();
}

}  // namespace mm::router
