// SPDX-License-Identifier: MIT
// HangUp: tells the two meanings of SIGHUP apart: the terminal that the process was started at is
// gone, or somebody wants it to read its configuration again (kill -HUP, systemctl reload).
#pragma once

#include <functional>
#include <optional>

#include "net/loop.h"

namespace mm::net {

class HangUp {
 public:
  // Both are called on the loop, which outlives this. Neither ever is where SIGHUP was ignored when
  // the process began, as nohup does.
  HangUp(Loop& loop, std::function<void()> on_terminal_gone, std::function<void()> on_reload);

 private:
  const bool had_terminal_;
  std::optional<Signals> signals_;
};

}  // namespace mm::net
