// SPDX-License-Identifier: MIT
// Terminal: the one that standard error is, with a page of its own from the first show() on: what
// was there before comes back when this object goes. Used by the live screen and by list --watch.
#pragma once

#include <termios.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.h"
#include "screen/scene.h"

namespace mm::screen {

class Terminal {
 public:
  // Somebody looks at a terminal that can do this, and it is not the shell's now (`mindmeld … &`).
  static bool is_there(int descriptor = STDERR_FILENO);

  // How large a terminal is now, and what it can show.
  static Look look_of(int descriptor);

  // `redraw` is called when the size is another one, and after a stop by Ctrl-Z. Loop only.
  Terminal(net::Loop& loop, std::function<void()> redraw);
  ~Terminal() { leave(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Gives the page back; show() takes it again.
  void leave();

  Look look() const { return look_of(STDERR_FILENO); }

  // In place of all that it shows; nothing while the shell has the terminal.
  void show(const std::vector<std::string>& lines);

 private:
  void enter();
  void on_signal(int number);

  const std::function<void()> redraw_;
  bool is_ours_ = false;
  std::optional<termios> before_;  // keys are not echoed meanwhile
  net::Signals signals_;
};

}  // namespace mm::screen
