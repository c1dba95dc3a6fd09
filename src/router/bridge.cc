// SPDX-License-Identifier: MIT
#include "router/bridge.h"

#include "base/check.h"

namespace mm::router {
namespace {

Role opposite(Role role) { return role == Role::kShare ? Role::kConnect : Role::kShare; }

}  // namespace

Bridge::Bridge(std::shared_ptr<Lane> share, std::shared_ptr<Lane> connect,
               std::shared_ptr<Traffic> traffic, HalfClosed on_half_closed)
    : lanes_{std::move(share), std::move(connect)},
      traffic_(std::move(traffic)),
      on_half_closed_(std::move(on_half_closed)) {
  traffic_->connections.fetch_add(1, std::memory_order_relaxed);
}

void Bridge::start() {
  for (const auto& lane : lanes_) lane->read(shared_from_this());
}

void Bridge::on_read(Lane& from, bool ok) {
  const Role role = role_of(from);
  if (!ok) {
    if (!from.is_finishing()) on_half_closed_(shared_from_this(), role);
    return;
  }
  const grpc::ByteBuffer message = from.take_message();
  const uint64_t size = message.Length();
  bytes_[static_cast<size_t>(role)].fetch_add(size, std::memory_order_relaxed);
  traffic_->bytes.fetch_add(size, std::memory_order_relaxed);
  lane(opposite(role)).write(message, shared_from_this());
}

// A lane that fails to write is lost, and its call's end says so: nothing to do here.
void Bridge::on_written(Lane& to, bool ok) {
  Lane& from = lane(opposite(role_of(to)));
  if (ok && !to.is_finishing() && !from.is_finishing()) from.read(shared_from_this());
}

bool Bridge::half_closed(Role role) {
  is_ending_ = true;
  half_closed_[static_cast<size_t>(role)] = true;
  const bool are_both = half_closed_[static_cast<size_t>(opposite(role))];
  if (are_both) lane(role).finish(LaneEnd::kDone);
  return are_both;
}

void Bridge::lane_over(const Lane& over, bool was_lost) {
  const Role role = role_of(over);
  MM_CHECK(!over_[static_cast<size_t>(role)]);
  over_[static_cast<size_t>(role)] = true;
  is_ending_ = true;
  if (why_.empty()) {
    why_ = !was_lost ? "done" : role == Role::kShare ? kShareLost : "connect lost";
  }
  lane(opposite(role)).finish(was_lost ? LaneEnd::kPartnerLost : LaneEnd::kDone);
  if (is_over()) traffic_->connections.fetch_sub(1, std::memory_order_relaxed);
}

void Bridge::finish(LaneEnd end) {
  is_ending_ = true;
  if (why_.empty()) why_ = "ended";
  for (const auto& lane : lanes_) lane->finish(end);
}

void Bridge::cancel() {
  was_cancelled_ = true;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (!over_[i]) lanes_[i]->cancel();
  }
}

uint64_t Bridge::bytes_from(Role role) const {
  return bytes_[static_cast<size_t>(role)].load(std::memory_order_relaxed);
}

Role Bridge::role_of(const Lane& lane) const {
  if (&lane == lanes_[0].get()) return Role::kShare;
  MM_CHECK(&lane == lanes_[1].get());
  return Role::kConnect;
}

}  // namespace mm::router
