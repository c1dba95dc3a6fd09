// SPDX-License-Identifier: MIT
// Terminal: the one that standard error is, with a page of its own while this object lives: what
// was there before comes back. Used by the live screen and by list --watch.
#pragma once

#include <termios.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "screen/scene.h"

namespace mm::screen {

class Terminal {
 public:
  // The descriptor is a terminal that can do this.
  static bool is_there(int descriptor = STDERR_FILENO);

  // How large a terminal is now, and what it can show.
  static Look look_of(int descriptor);

  Terminal() { enter(); }
  ~Terminal() { leave(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Gives the page back, and takes it again: around a stop by Ctrl-Z.
  void leave();
  void enter();

  Look look() const { return look_of(STDERR_FILENO); }

  // In place of all that it shows.
  void show(const std::vector<std::string>& lines) const;

 private:
  bool is_ours_ = false;
  std::optional<termios> before_;  // keys are not echoed meanwhile
};

}  // namespace mm::screen
