// SPDX-License-Identifier: MIT
// Terminal: the one that standard error is, with a page of its own while this object lives: what
// was there before comes back. Used by the live screen and by list --watch.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <vector>

#include "screen/scene.h"

namespace mm::screen {

class Terminal {
 public:
  // Somebody looks at a terminal that can do this.
  static bool is_there();

  Terminal() { enter(); }
  ~Terminal() { leave(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Gives the page back, and takes it again: around a stop by Ctrl-Z.
  void leave();
  void enter();

  // How large it is now, and what it can show.
  Look look() const;

  // In place of all that it shows.
  void show(const std::vector<std::string>& lines) const;

 private:
  bool is_ours_ = false;
  std::optional<termios> before_;  // keys are not echoed meanwhile
};

}  // namespace mm::screen
