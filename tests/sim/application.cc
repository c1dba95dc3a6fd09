// SPDX-License-Identifier: MIT
#include "sim/application.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mm::sim {
namespace {

constexpr size_t kUnreadMost = 300'000;  // then a socket is full

}  // namespace

void Application::write(base::TimePoint now) {
  if (side_.is_gone) return;
  if (is_closed_) return tell();
  if (random_.one_in(2)) return;
  if (habits_.answers && !was_told_end()) return;
  end_if_due();
  const size_t before = side_.incoming.size();
  side_.incoming.resize(before + writable_now(now));
  char* const end = side_.incoming.data() + side_.incoming.size();
  for (char* c = side_.incoming.data() + before; c < end; ++c) *c = byte_at(written_++);
  tell();
}

void Application::end_if_due() {
  if (habits_.stays || written_ < habits_.to_write || got_ < habits_.ends_at) return;
  is_closed_ = true;
  side_.ended = !habits_.resets;
  side_.was_reset = habits_.resets;
}

uint64_t Application::writable_now(base::TimePoint now) {
  const uint64_t left = habits_.to_write - written_;
  if (habits_.every == base::Duration::zero()) {
    if (left == 0 || side_.incoming.size() >= kUnreadMost) return 0;
    return std::min(left, 1 + random_.size_up_to(60'000));
  }
  if (left == 0 || now < next_write_) return 0;
  next_write_ = now + habits_.every;
  write_times_.push_back(now);
  return 1;
}

bool Application::read(base::TimePoint now, const Application& peer) {
  const std::string taken = std::exchange(side_.outgoing, {});
  for (const char c : std::string_view(taken)) {
    if (got_ < peer.write_times_.size()) {
      longest_wait_ = std::max(longest_wait_, now - peer.write_times_[got_]);
    }
    if (c != peer.byte_at(got_++)) return false;
  }
  side_.room = random_.size_up_to(200'000);
  if (now < stalled_until_) {
    side_.room = std::min(side_.room, habits_.stalls_at - std::min(habits_.stalls_at, got_));
  }
  if (side_.room > 0) test::LocalSide::fire(side_.writable);
  return true;
}

std::string Application::fate() const {
  if (side_.was_reset) return "resets";
  const std::string bytes = std::to_string(got_) + " bytes, ";
  if (side_.saw_reset) return bytes + "reset";
  return bytes + (was_told_end() ? "end" : "nothing");
}

char Application::byte_at(uint64_t offset) const {
  return static_cast<char>((offset * 2654435761u >> 13) + tag_ * 97);
}

// As a kernel does: for as long as there is something to tell.
void Application::tell() {
  if (side_.was_reset) test::LocalSide::fire(side_.reset);
  const bool is_readable = side_.was_reset || side_.ended || !side_.incoming.empty();
  if (is_readable) test::LocalSide::fire(side_.readable);
}

}  // namespace mm::sim
