// SPDX-License-Identifier: MIT
#include "router/rendezvous.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace mm::router {
namespace {

base::Status unknown_token() {
  return base::error(base::Code::kNotFound, "the token is unknown, or used up");
}

}  // namespace

base::StatusOr<std::vector<base::Token>> Rendezvous::mint(const std::string& service, size_t count,
                                                          const Caller& caller,
                                                          base::TimePoint now) {
  if (token_count() >= limits_.tokens) {
    host_.refused("tokens", caller.name);
    return base::error(base::Code::kResourceExhausted,
                       "the router holds too many unused tokens; try again in a while");
  }
  size_t room = limits_.tokens - token_count();
  if (is_limited(caller)) {
    const auto counts = callers_.find(caller.name);
    const size_t held = counts == callers_.end() ? 0 : counts->second.tokens;
    if (held >= limits_.tokens_per_caller) {
      host_.refused("tokens_per_caller", caller.name);
      return base::error(base::Code::kResourceExhausted,
                         "too many unused tokens of this caller; they live 10 minutes");
    }
    room = std::min(room, limits_.tokens_per_caller - held);
  }
  std::vector<base::Token> tokens;
  const size_t granted = std::min({std::max<size_t>(count, 1), limits_.tokens_per_call, room});
  while (tokens.size() < granted) {
    const base::Token token = base::Token::random(random_);
    const auto [entry, is_new] = entries_.try_emplace(token);
    MM_CHECK(is_new);
    entry->second.service = service;
    entry->second.minter = caller.name;
    if (caller.is_known()) entry->second.whose[static_cast<size_t>(Role::kConnect)] = caller.name;
    set_deadline(entry, now + limits_.token_life);
    ++unused_count_;
    ++callers_[caller.name].tokens;
    tokens.push_back(token);
  }
  return tokens;
}

void Rendezvous::arrive(const std::shared_ptr<Lane>& lane, const LaneRequest& request,
                        base::TimePoint now) {
  auto found = entries_.find(request.token);
  if (is_of_another(found, request)) {
    host_.refused("token", request.caller.name);
    return lane->refuse(unknown_token());
  }
  const base::Status status = check(found, request);
  if (!status.ok()) {
    // A token is for one first lane, whatever became of it: its end takes another token.
    const bool is_spent = request.generation == 0 && found != entries_.end() &&
                          found->second.minter && found->second.service == request.service;
    if (is_spent) erase(found);
    return lane->refuse(status);
  }
  if (found == entries_.end()) {
    found = entries_.try_emplace(request.token).first;
    found->second.service = request.service;
  }
  use(found->second);
  if (request.caller.is_known()) {
    found->second.whose[static_cast<size_t>(request.role)] = request.caller.name;
  }
  lane->admit();
  const std::optional<Waiting>& waiting = found->second.waiting;
  if (waiting && waiting->request.role != request.role) return join(found, lane, request);
  if (waiting) {
    host_.refused("replaced_lane", waiting->request.caller.name);
    waiting->lane->refuse(
        base::error(base::Code::kAborted, "replaced by a newer lane of the same end"));
    stop_waiting(found);
  }
  wait(found, lane, request, now);
}

// An address is nobody's: an end that changes its network comes from another one.
bool Rendezvous::is_of_another(Entries::const_iterator found, const LaneRequest& request) const {
  if (found == entries_.end() || !request.caller.is_known()) return false;
  const std::string& whose = found->second.whose[static_cast<size_t>(request.role)];
  return !whose.empty() && whose != request.caller.name;
}

base::Status Rendezvous::check(Entries::iterator found, const LaneRequest& request) {
  const bool is_known = found != entries_.end();
  const bool is_first = request.generation == 0;
  if (is_known ? found->second.service != request.service : is_first) {
    return turn_away("token", request, unknown_token());
  }
  if (!host_.has_service(request.service)) {
    return turn_away("no_service", request,
                     base::error(base::Code::kNotFound,
                                 "nobody shares " + base::in_quotes(request.service) + " now"));
  }
  const bool is_one_more = !is_known || found->second.minter;
  if (is_one_more && used_count() >= limits_.connections) {
    return turn_away("max_connections", request,
                     base::error(base::Code::kResourceExhausted,
                                 "the router has all the connections that it may, " +
                                     std::to_string(limits_.connections)));
  }
  if (!is_known) return check_room(request);
  const Entry& entry = found->second;
  const bool is_waited_for = entry.waiting && entry.waiting->request.role != request.role;
  const bool replaces = entry.waiting && !is_waited_for;
  if (entry.joined && is_first) return turn_away("token", request, unknown_token());
  const bool is_older =
      (replaces && request.generation <= entry.waiting->request.generation) ||
      (entry.joined && request.generation <= (*entry.joined)[static_cast<size_t>(request.role)]);
  if (is_older) {
    return turn_away(
        "newer_lane", request,
        base::error(base::Code::kAlreadyExists, "a newer lane of this end is here already"));
  }
  return is_waited_for || replaces ? absl::OkStatus() : check_room(request);
}

base::Status Rendezvous::turn_away(std::string_view reason, const LaneRequest& request,
                                   base::Status status) {
  host_.refused(reason, request.caller.name);
  return status;
}

base::Status Rendezvous::check_room(const LaneRequest& request) {
  const auto counts = callers_.find(request.caller.name);
  const bool caller_is_full = is_limited(request.caller) && counts != callers_.end() &&
                              counts->second.lanes >= limits_.lanes_per_caller;
  if (!caller_is_full && waiting_.size() < limits_.lanes) return absl::OkStatus();
  host_.refused(caller_is_full ? "lanes_per_caller" : "lanes", request.caller.name);
  return base::error(base::Code::kResourceExhausted, "too many lanes wait for their other end");
}

bool Rendezvous::is_limited(const Caller& caller) const {
  return caller.is_known() || !limits_.is_behind_front_end;
}

void Rendezvous::join(Entries::iterator found, const std::shared_ptr<Lane>& lane,
                      const LaneRequest& request) {
  const Waiting other = *found->second.waiting;
  stop_waiting(found);
  const bool is_share = request.role == Role::kShare;
  const uint64_t generations[] = {request.generation, other.request.generation};
  found->second.joined = {generations[is_share ? 0 : 1], generations[is_share ? 1 : 0]};
  if (is_share) return host_.join(other.request, other.lane, request, lane);
  host_.join(request, lane, other.request, other.lane);
}

void Rendezvous::wait(Entries::iterator found, const std::shared_ptr<Lane>& lane,
                      const LaneRequest& request, base::TimePoint now) {
  Entry& entry = found->second;
  entry.waiting = Waiting{lane, request};
  waiting_.emplace(lane.get(), request.token);
  ++callers_[request.caller.name].lanes;
  set_deadline(found, now + limits_.lane_wait);
  if (request.role == Role::kConnect) return host_.announce(request);
  if (entry.joined) host_.end_bridge(request.token);
}

void Rendezvous::gone(const Lane& lane) {
  const auto place = waiting_.find(&lane);
  if (place == waiting_.end()) return;
  const auto found = entries_.find(place->second);
  host_.refused("call_lost", found->second.waiting->request.caller.name);
  stop_waiting(found);
  if (!found->second.joined) erase(found);
}

void Rendezvous::over(const base::Token& token) {
  const auto found = entries_.find(token);
  MM_CHECK(found != entries_.end());
  found->second.joined.reset();
  if (!found->second.waiting) erase(found);
}

void Rendezvous::announce_waiting(const std::string& service) {
  // Copied first: announcing may end the share's stream, and so change what we iterate over.
  std::vector<LaneRequest> due;
  for (const auto& [deadline, token] : deadlines_) {  // in the order in which they came
    const Entry& entry = entries_.at(token);
    if (entry.service != service || !entry.waiting) continue;
    if (entry.waiting->request.role == Role::kConnect) due.push_back(entry.waiting->request);
  }
  for (const LaneRequest& request : due) host_.announce(request);
}

void Rendezvous::expire(base::TimePoint now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto found = entries_.find(deadlines_.begin()->second);
    if (const std::optional<Waiting>& waiting = found->second.waiting) {
      host_.refused("lane_wait", waiting->request.caller.name);
      waiting->lane->refuse(base::error(base::Code::kAborted, "the other end did not come"));
      stop_waiting(found);
    }
    if (!found->second.joined) erase(found);
  }
}

std::optional<base::TimePoint> Rendezvous::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void Rendezvous::refuse(const std::function<bool(const LaneRequest&)>& is_due,
                        std::string_view reason, const base::Status& status) {
  std::vector<base::Token> due;
  for (const auto& [deadline, token] : deadlines_) {  // in the order in which they came
    const std::optional<Waiting>& waiting = entries_.at(token).waiting;
    if (waiting && is_due(waiting->request)) due.push_back(token);
  }
  for (const base::Token& token : due) {
    const auto found = entries_.find(token);
    host_.refused(reason, found->second.waiting->request.caller.name);
    found->second.waiting->lane->refuse(status);
    stop_waiting(found);
    if (!found->second.joined) erase(found);
  }
}

void Rendezvous::set_deadline(Entries::iterator found, std::optional<base::TimePoint> deadline) {
  std::optional<base::TimePoint>& current = found->second.deadline;
  if (current) deadlines_.erase({*current, found->first});
  current = deadline;
  if (current) deadlines_.emplace(*current, found->first);
}

void Rendezvous::use(Entry& entry) {
  if (!entry.minter) return;
  uncount(*std::exchange(entry.minter, std::nullopt), &Counts::tokens);
  --unused_count_;
}

void Rendezvous::stop_waiting(Entries::iterator found) {
  Entry& entry = found->second;
  waiting_.erase(entry.waiting->lane.get());
  uncount(entry.waiting->request.caller.name, &Counts::lanes);
  entry.waiting.reset();
  set_deadline(found, std::nullopt);
}

void Rendezvous::erase(Entries::iterator found) {
  if (found->second.waiting) stop_waiting(found);
  use(found->second);
  set_deadline(found, std::nullopt);
  entries_.erase(found);
}

void Rendezvous::uncount(const std::string& caller, size_t Counts::*member) {
  const auto counts = callers_.find(caller);
  MM_CHECK(counts != callers_.end() && counts->second.*member > 0);
  --(counts->second.*member);
  if (counts->second.tokens == 0 && counts->second.lanes == 0) callers_.erase(counts);
}

}  // namespace mm::router
