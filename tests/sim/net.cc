// SPDX-License-Identifier: MIT
#include "sim/net.h"

#include <algorithm>
#include <utility>

namespace mm::sim {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kDelayMostUs = 20'000;
constexpr size_t kOpeningsMost = 32;

}  // namespace

// ---- Net

Net::Net(test::ManualClock& clock, uint64_t seed, std::optional<base::Duration> calls_last,
         bool lanes_age)
    : clock_(clock), loop_(clock), random_(seed), calls_last_(calls_last) {
  limits_.is_behind_front_end = true;
  const bool ages = lanes_age && random_.one_in(3);
  if (ages) limits_.lane_age = std::chrono::milliseconds(500 + random_.below(5'000));
}

Net::~Net() {
  for (const auto& weak : calls_) {
    if (const auto call = weak.lock()) call->drop();
  }
}

void Net::start_router(size_t index) {
  routers_[index].switchboard = std::make_unique<router::Switchboard>(loop_, random_, limits_);
}

void Net::kill_router(size_t index) {
  const router::Switchboard* const dead = routers_[index].switchboard.get();
  if (!dead) return;
  graves_.push_back(std::move(routers_[index].switchboard));
  cut_if([&](const Call& call) { return call.router() == dead; });
}

void Net::add(const std::shared_ptr<Call>& call) {
  std::erase_if(calls_, [](const auto& each) { return each.expired(); });
  calls_.push_back(call);
  if (!calls_last_) return;
  after(*calls_last_, [weak = std::weak_ptr(call)] {
    if (const auto old = weak.lock()) old->cut();
  });
}

void Net::remember(LaneOpening opening) {
  openings_.push_back(std::move(opening));
  if (openings_.size() > kOpeningsMost) openings_.pop_front();
}

void Net::cut_one() {
  std::erase_if(calls_, [](const auto& call) { return call.expired(); });
  if (calls_.empty()) return;
  if (const auto call = calls_[random_.below(calls_.size())].lock()) call->cut();
}

void Net::cut_all(const Link& link) {
  cut_if([&](const Call& call) { return &call.link() == &link; });
}

void Net::lane_message_arrived(Call& call) {
  if (++lane_messages_ == cut_lane_at_) call.cut();
}

void Net::kill_process(const Link& link) {
  for (const auto& weak : calls_) {
    const auto call = weak.lock();
    if (call && &call->link() == &link) call->lose_sent();
  }
  cut_all(link);
}

void Net::cut_all() {
  cut_if([](const Call&) { return true; });
}

void Net::cut_if(const std::function<bool(const Call&)>& is_meant) {
  for (const auto& weak : std::vector(calls_)) {
    const auto call = weak.lock();
    if (call && is_meant(*call)) call->cut();
  }
}

void Net::after(base::Duration delay, std::function<void()> handler) {
  while (!timers_.empty() && !timers_.front()->is_armed()) timers_.pop_front();
  timers_.push_back(std::make_unique<net::Timer>(loop_));
  timers_.back()->after(delay, std::move(handler));
}

base::Duration Net::delay(const Link& link) {
  const base::Duration least = link.paused_until - loop_.clock().now();
  return std::max<base::Duration>(std::chrono::microseconds(random_.size_up_to(kDelayMostUs)),
                                  least);
}

void Net::note(uint64_t value) { trace_ = (trace_ ^ value) * 0x100000001b3u; }  // FNV-1a

// ---- Way

void Way::put(std::function<void()> deliver) {
  queue_.push_back(std::move(deliver));
  if (!timer_.is_armed()) arm();
}

void Way::cut(std::function<void()> end) {
  queue_.resize(net_.random().below(queue_.size() + 1));
  put(std::move(end));
}

void Way::arm() {
  const base::Duration held = held_until_ - net_.loop().clock().now();
  timer_.after(std::max(net_.delay(link_), held), [this] { deliver_one(); });
}

void Way::deliver_one() {
  if (link_.paused_until > net_.loop().clock().now()) return arm();
  const std::function<void()> deliver = std::move(queue_.front());
  queue_.pop_front();
  net_.note(static_cast<uint64_t>(net_.loop().clock().now().time_since_epoch().count()));
  if (!queue_.empty()) arm();
  deliver();
}

router::Switchboard* Call::live_router() const {
  for (size_t i : {0, 1}) {
    if (net_.router(i).switchboard.get() == router_) return router_;
  }
  return nullptr;
}

}  // namespace mm::sim
