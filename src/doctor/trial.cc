// SPDX-License-Identifier: MIT
#include "doctor/trial.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mm::doctor {
namespace {

// One frame's worth.
constexpr size_t kPieceBytes = 256 << 10;
std::array<uint8_t, kPieceBytes> zeros;  // not const: else they would be in the binary

}  // namespace

Load::Load(net::Loop& loop, Tally& tally)
    : loop_(loop), tally_(tally), readable_(loop), writable_(loop) {}

net::Stream::ReadResult Load::read(size_t most_bytes) {
  if (tally_.left_bytes == 0) return {.kind = ReadResult::Kind::kEnd};
  const size_t count = std::min({most_bytes, kPieceBytes, static_cast<size_t>(tally_.left_bytes)});
  tally_.left_bytes -= count;
  return {.kind = ReadResult::Kind::kBytes, .bytes = {nullptr, {zeros.data(), count}, count}};
}

void Load::wait_readable(std::function<void()> handler) {
  readable_.after(base::Duration::zero(), std::move(handler));
}

base::StatusOr<size_t> Load::write(std::span<const base::Bytes> pieces) {
  size_t count = 0;
  for (const base::Bytes& piece : pieces) count += piece.size();
  tally_.last_time = loop_.clock().now();
  if (tally_.taken_bytes == 0) tally_.first_time = tally_.last_time;
  tally_.taken_bytes += count;
  loop_.stop();
  return count;
}

void Load::wait_writable(std::function<void()> handler) {
  writable_.after(base::Duration::zero(), std::move(handler));
}

void Trial::on_refused(tunnel::Tunnel& tunnel, const base::Status& status) {
  tunnel.abort({wire::ResetCode::kUnknown, base::message(status)});
}

void Trial::on_local_over(tunnel::Tunnel&, const tunnel::Tunnel::Ending& ending) {
  ending_ = ending;
  loop_.stop();
}

void leave(net::Loop& loop, tunnel::TunnelSet& tunnels) {
  bool is_empty = false;
  tunnels.stop([&] {
    is_empty = true;
    loop.stop();
  });
  tunnels.hurry();
  while (!is_empty) loop.run();
}

}  // namespace mm::doctor
