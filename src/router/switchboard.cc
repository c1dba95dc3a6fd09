// SPDX-License-Identifier: MIT
#include "router/switchboard.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/hex.h"
#include "base/text.h"
#include "ops/log.h"
#include "secure/log_id.h"

namespace mm::router {
namespace {

base::Status shutting_down() {
  return base::error(base::Code::kUnavailable, "the router is shutting down");
}

std::string random_instance(base::Random& random) {
  std::array<uint8_t, 8> bytes;
  random.fill(bytes);
  return base::to_hex(bytes);
}

int64_t unix_time_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Switchboard::Switchboard(net::Loop& loop, base::Random& random, const Limits& limits)
    : loop_(loop),
      random_(random),
      limits_(limits),
      instance_(random_instance(random)),
      registry_(limits),
      rendezvous_(*this, random, limits),
      quota_(limits),
      drain_timer_(loop),
      deadline_timer_(loop) {}

// ---- who may

base::Status Switchboard::check(const Caller& caller, config::Verb verb,
                                const std::string& service) const {
  const auto opens = [&](const secure::Digest& proof) {
    return registry_.is_opened_by(service, proof);
  };
  return admission_.check(caller, verb, service, opens, unix_time_s());
}

base::StatusOr<Caller> Switchboard::admit(const Credential& credential, config::Verb verb,
                                          const std::string& service) {
  base::StatusOr<Caller> caller = admission_.identify(credential, unix_time_s());
  if (!caller.ok()) {
    refused("pass", credential.address);
    return caller;
  }
  base::Status status = check(*caller, verb, service);
  if (status.ok()) return caller;
  refused(caller->is_person()  ? "verb_or_name"
          : caller->is_known() ? "ticket"
                               : "no_credential",
          caller->name);
  return status;
}

void Switchboard::set_people(const std::vector<config::Person>& people) {
  admission_.set_people(people);
  enforce();
}

// The clock may have been set back since: then all of its time is looked at again.
void Switchboard::end_expired() {
  const int64_t now_s = unix_time_s();
  if (admission_.has_expired_between(std::exchange(looked_s_, now_s), now_s)) enforce();
}

// Tickets are not asked about again: whose are withdrawn is for their share to cut off.
void Switchboard::enforce() {
  const auto is_out = [this](const Caller& caller, Role role, const std::string& service) {
    const config::Verb verb = role == Role::kShare ? config::kMayShare : config::kMayConnect;
    return caller.is_person() && !check(caller, verb, service).ok();
  };
  for (const auto& [service, stream] : registry_.streams()) {
    if (!is_out(stream->caller(), Role::kShare, service)) continue;
    stream->end(check(stream->caller(), config::kMayShare, service));
  }
  rendezvous_.refuse(
      [&](const LaneRequest& each) { return is_out(each.caller, each.role, each.service); },
      base::error(base::Code::kUnauthenticated, "this pass is not valid here any more"));
  std::vector<base::Token> due;
  for (const auto& [token, open] : current_) {
    for (const Role role : {Role::kShare, Role::kConnect}) {
      if (!is_out(open.callers[static_cast<size_t>(role)], role, open.service)) continue;
      due.push_back(token);
      break;
    }
  }
  for (const base::Token& token : due) end_bridge(token, LaneEnd::kNotAdmitted);
}

// ---- what they may

base::StatusOr<Registry::Standing> Switchboard::add_share(const Offer& offer, ShareStream& share) {
  if (is_draining_) return shutting_down();
  if (const Caller& caller = share.caller(); caller.is_known()) {
    const auto streams = registry_.streams();
    const auto count = std::count_if(streams.begin(), streams.end(), [&](const auto& each) {
      return each.second->caller().name == caller.name && each.first != offer.name;
    });
    if (static_cast<size_t>(count) >= limits_.services_per_caller) {
      refused("services_per_caller", caller.name);
      return base::error(base::Code::kResourceExhausted, caller.name + " has too many services");
    }
  }
  const auto standing = registry_.add(offer, share, unix_time_s());
  if (standing.ok()) ops::log(ops::Level::kInfo, "service.added", {{"service", offer.name}});
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
  if (is_draining_) return shutting_down();
  const base::TimePoint now = loop_.clock().now();
  const Service* const found = registry_.find(service);
  if (!found) {
    return base::error(base::Code::kNotFound, "nobody shares " + base::quoted(service) + " now");
  }
  const size_t opens =
      quota_.take_opens(caller, std::clamp<size_t>(count, 1, limits_.tokens_per_call), now);
  if (opens == 0) {
    refused("opens_per_second", caller.name);
    return base::error(base::Code::kResourceExhausted,
                       caller.name + " opens too many connections a second");
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
                                    : admission_.identify(credential, unix_time_s());
  if (!caller.ok()) return caller.status();
  std::vector<const Service*> all = registry_.oldest_first();
  std::erase_if(all, [&](const Service* service) {
    if (!names.empty() && !names.contains(service->name)) return true;
    return !check(*caller, config::kMayList, service->name).ok();
  });
  return all;
}

void Switchboard::lane_arrived(const std::shared_ptr<Lane>& lane, const LaneRequest& request) {
  if (is_draining_) {
    lane->refuse(shutting_down());
    return;
  }
  // A token is for the share that had the name when it was minted: that is the one to be met again.
  const Service* const service = registry_.find(request.service);
  const bool is_new = request.generation == 0 && !request.share_instance.empty();
  if (is_new && service && service->instance != request.share_instance) {
    lane->refuse(base::error(base::Code::kNotFound, "the token is for a share that is gone"));
    return;
  }
  const bool is_one_more = request.generation == 0 && request.role == Role::kConnect;
  if (is_one_more && !quota_.has_room(request.caller)) {
    refused("connections_per_caller", request.caller.name);
    lane->refuse(base::error(base::Code::kResourceExhausted,
                             request.caller.name + " has too many connections"));
    return;
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
  open.bridge->lane_over(lane, was_lost);
  if (!open.bridge->is_over()) {
    ending(open.bridge);
    return;
  }
  quota_.closed(open.callers[static_cast<size_t>(Role::kConnect)]);
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
  rendezvous_.refuse([](const LaneRequest&) { return true; }, shutting_down());
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
  const Open open{bridge,          request.token,          secure::log_id(request.token),
                  request.service, request.share_instance, {share_request.caller, request.caller}};
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
      end_bridge(aged.token);
      continue;
    }
    const Open& open = found->second;
    ShareStream* const stream = registry_.stream(open.service, open.share_instance);
    if (stream) stream->move(aged.token);
    aging_.emplace(now + limits_.move_patience, std::move(aged));
  }
}

void Switchboard::refused(std::string_view reason, const std::string& caller) {
  refusals_.count(reason, caller, loop_.clock().now());
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
    if (const std::shared_ptr<Bridge> bridge = ending_.front().second.lock()) bridge->cancel();
    ending_.pop_front();
  }
  arm();
}

}  // namespace mm::router
