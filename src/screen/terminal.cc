// SPDX-License-Identifier: MIT
#include "screen/terminal.h"

#include <sys/ioctl.h>

#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace mm::screen {
namespace {

// ECMA-48 and xterm's private modes, which every terminal of today knows.
constexpr std::string_view kOwnPage = "\x1b[?1049h\x1b[?25l";  // and no cursor
constexpr std::string_view kPageBefore = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kClear = "\x1b[H\x1b[J";

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// As setlocale() would find it, which a static program cannot ask.
bool is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = variable(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != value.npos || value.find("utf8") != value.npos;
  }
  return false;
}

// Whoever else changes a terminal is stopped (SIGTTOU), or writes into what another one shows.
bool is_foreground(int terminal) { return tcgetpgrp(terminal) == getpgrp(); }

// One that is not ours to control has no foreground.
bool shell_has_it() { return tcgetpgrp(STDERR_FILENO) != -1 && !is_foreground(STDERR_FILENO); }

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;  // the next picture is soon
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

bool Terminal::is_there(int descriptor) {
  const std::string_view term = variable("TERM");
  return isatty(descriptor) == 1 && !term.empty() && term != "dumb" && !shell_has_it();
}

Terminal::Terminal(net::Loop& loop, std::function<void()> redraw)
    : redraw_(std::move(redraw)),
      signals_(loop, [this](int number) { on_signal(number); }, {SIGWINCH, SIGTSTP, SIGCONT}) {}

void Terminal::enter() {
  if (is_ours_) return;
  is_ours_ = true;
  termios now{};
  if (is_foreground(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &now) == 0) {
    before_ = now;
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
    tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  put(kOwnPage);
}

void Terminal::leave() {
  if (!is_ours_) return;
  is_ours_ = false;
  put(kPageBefore);
  const std::optional<termios> before = std::exchange(before_, std::nullopt);
  if (!before || !is_foreground(STDIN_FILENO)) return;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &*before);  // what was typed meanwhile was for nobody
}

Look Terminal::look_of(int descriptor) {
  Look look;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    look.columns = size.ws_col;
    look.rows = size.ws_row;
  }
  look.is_utf8 = is_utf8();
  look.has_colour = variable("NO_COLOR").empty();
  return look;
}

void Terminal::show(const std::vector<std::string>& lines) {
  if (shell_has_it()) return;
  enter();
  std::string page(kClear);
  for (size_t i = 0; i < lines.size(); ++i) page += (i == 0 ? "" : "\r\n") + lines[i];
  put(page);
}

void Terminal::on_signal(int number) {
  if (number == SIGTSTP) {
    leave();
    raise(SIGSTOP);  // this thread at once, and so not kill(); until SIGCONT
  }
  redraw_();
}

}  // namespace mm::screen
