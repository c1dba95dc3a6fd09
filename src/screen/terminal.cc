// SPDX-License-Identifier: MIT
#include "screen/terminal.h"

#include <sys/ioctl.h>

#include <cstdlib>
#include <string_view>

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
  return isatty(descriptor) == 1 && !term.empty() && term != "dumb";
}

void Terminal::enter() {
  if (is_ours_) return;
  is_ours_ = true;
  const bool is_foreground = tcgetpgrp(STDIN_FILENO) == getpgrp();  // else it would be stopped
  termios now{};
  if (is_foreground && tcgetattr(STDIN_FILENO, &now) == 0) {
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
  if (!before_) return;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &*before_);  // what was typed meanwhile was for nobody
  before_.reset();
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

void Terminal::show(const std::vector<std::string>& lines) const {
  if (!is_ours_) return;
  std::string page(kClear);
  for (size_t i = 0; i < lines.size(); ++i) page += (i == 0 ? "" : "\r\n") + lines[i];
  put(page);
}

}  // namespace mm::screen
