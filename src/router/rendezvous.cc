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
                                                          const std::string& caller,
                                                          base::TimePoint now) {
  if (token_count() >= limits_.tokens) {
    host_.refused("tokens", caller);
    return base::error(base::Code::kResourceExhausted,
                       "the router holds too many unused tokens; try again in a while");
  }
  size_t room = limits_.tokens - token_count();
  if (!limits_.is_behind_front_end) {
    const auto counts = callers_.find(caller);
    const size_t held = counts == callers_.end() ? 0 : counts->second.tokens;
    if (held >= limits_.tokens_per_caller) {
      host_.refused("tokens_per_caller", caller);
      return base::error(base::Code::kResourceExhausted,
                         "too many unused tokens of this address; they live 10 minutes");
    }
    room = std::min(room, limits_.tokens_per_caller - held);
  }
  std::vector<base::Token> tokens;
  const size_t granted = std::min({std::max<size_t>(count, 1), limits_.tokens_per_call, room});
  while (tokens.size() < granted) {
    const base::Token token = base::Token::random(random_);
    const auto [entry, is_new] = entries_.try_emplace(token, Entry{service, caller, {}, {}});
    MM_CHECK(is_new);
    entry->second.deadline = now + limits_.token_life;
    deadlines_.emplace(entry->second.deadline, token);
    ++callers_[caller].tokens;
    tokens.push_back(token);
  }
  return tokens;
}

void Rendezvous::arrive(const std::shared_ptr<Lane>& lane, const LaneRequest& request,
                        base::TimePoint now) {
  const auto found = entries_.find(request.token);
  const base::Status status =
      found == entries_.end() ? unknown_token() : check(found->second, request);
  if (!status.ok()) {
    lane->refuse(status);
    return;
  }
  Entry& entry = found->second;
  if (entry.waiting && entry.waiting->role != request.role) {
    lane->admit();
    const std::shared_ptr<Lane> other = entry.waiting->lane;
    erase(found);
    const bool is_share = request.role == Role::kShare;
    host_.join(request.token, request.service, is_share ? lane : other, is_share ? other : lane);
    return;
  }
  if (entry.waiting) {
    entry.waiting->lane->refuse(
        base::error(base::Code::kUnavailable, "replaced by a newer lane of the same end"));
    stop_waiting(entry);
  }
  wait(found, lane, request, now);
}

base::Status Rendezvous::check(const Entry& entry, const LaneRequest& request) {
  if (entry.service != request.service) return unknown_token();
  if (!host_.has_service(request.service)) {
    return base::error(base::Code::kNotFound,
                       "nobody shares " + base::quoted(request.service) + " now");
  }
  if (entry.waiting && entry.waiting->role == request.role) {
    if (request.generation > entry.waiting->generation) return absl::OkStatus();
    return base::error(base::Code::kAlreadyExists, "a lane with this token waits already");
  }
  if (entry.waiting) return absl::OkStatus();  // it is joined, and does not wait
  const auto counts = callers_.find(request.caller);
  const bool caller_is_full = !limits_.is_behind_front_end && counts != callers_.end() &&
                              counts->second.lanes >= limits_.lanes_per_caller;
  if (caller_is_full || waiting_.size() >= limits_.lanes) {
    host_.refused(caller_is_full ? "lanes_per_caller" : "lanes", request.caller);
    return base::error(base::Code::kResourceExhausted, "too many lanes wait for their other end");
  }
  return absl::OkStatus();
}

void Rendezvous::wait(Entries::iterator found, const std::shared_ptr<Lane>& lane,
                      const LaneRequest& request, base::TimePoint now) {
  Entry& entry = found->second;
  if (entry.minter) uncount(*entry.minter, &Caller::tokens);
  entry.minter.reset();
  entry.waiting = Waiting{lane, request.role, request.generation, request.caller};
  waiting_.emplace(lane.get(), request.token);
  ++callers_[request.caller].lanes;
  set_deadline(found, now + limits_.lane_wait);
  lane->admit();
  if (request.role == Role::kConnect) {
    host_.announce(request.service, request.token, request.generation);
  }
}

bool Rendezvous::gone(const Lane& lane) {
  const auto place = waiting_.find(&lane);
  if (place == waiting_.end()) return false;
  erase(entries_.find(place->second));
  return true;
}

void Rendezvous::announce_waiting(const std::string& service) {
  // Copied first: announcing may end the share's stream, and so change what we iterate over.
  std::vector<std::pair<base::Token, uint64_t>> due;
  for (const auto& [lane, token] : waiting_) {
    const Entry& entry = entries_.at(token);
    if (entry.service != service || entry.waiting->role != Role::kConnect) continue;
    due.emplace_back(token, entry.waiting->generation);
  }
  for (const auto& [token, generation] : due) host_.announce(service, token, generation);
}

void Rendezvous::expire(base::TimePoint now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto found = entries_.find(deadlines_.begin()->second);
    if (found->second.waiting) {
      found->second.waiting->lane->refuse(
          base::error(base::Code::kUnavailable, "the other end did not come"));
    }
    erase(found);
  }
}

std::optional<base::TimePoint> Rendezvous::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void Rendezvous::refuse_all(const base::Status& status) {
  while (!waiting_.empty()) {
    const auto found = entries_.find(waiting_.begin()->second);
    found->second.waiting->lane->refuse(status);
    erase(found);
  }
}

void Rendezvous::set_deadline(Entries::iterator entry, base::TimePoint deadline) {
  deadlines_.erase({entry->second.deadline, entry->first});
  entry->second.deadline = deadline;
  deadlines_.emplace(deadline, entry->first);
}

void Rendezvous::stop_waiting(Entry& entry) {
  waiting_.erase(entry.waiting->lane.get());
  uncount(entry.waiting->caller, &Caller::lanes);
  entry.waiting.reset();
}

void Rendezvous::erase(Entries::iterator found) {
  Entry& entry = found->second;
  if (entry.waiting) stop_waiting(entry);
  if (entry.minter) uncount(*entry.minter, &Caller::tokens);
  deadlines_.erase({entry.deadline, found->first});
  entries_.erase(found);
}

void Rendezvous::uncount(const std::string& caller, size_t Caller::*member) {
  const auto counts = callers_.find(caller);
  MM_CHECK(counts != callers_.end() && counts->second.*member > 0);
  --(counts->second.*member);
  if (counts->second.tokens == 0 && counts->second.lanes == 0) callers_.erase(counts);
}

}  // namespace mm::router
