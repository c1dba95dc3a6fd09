// SPDX-License-Identifier: MIT
#include "net/hang_up.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace mm::net {
namespace {

// One that was closed cannot be opened any more.
bool has_terminal() {
  const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

bool is_ignored(int signal_number) {
  struct sigaction action {};
  return sigaction(signal_number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

HangUp::HangUp(Loop& loop, std::function<void()> on_terminal_gone, std::function<void()> on_reload)
    : had_terminal_(has_terminal()) {
  if (is_ignored(SIGHUP)) return;
  const auto tell = [this, on_terminal_gone = std::move(on_terminal_gone),
                     on_reload = std::move(on_reload)](int) {
    if (had_terminal_ && !has_terminal()) return on_terminal_gone();
    on_reload();
  };
  signals_.emplace(loop, tell, std::initializer_list<int>{SIGHUP});
}

}  // namespace mm::net
