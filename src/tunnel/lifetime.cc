// SPDX-License-Identifier: MIT
#include "tunnel/lifetime.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace mm::tunnel {

namespace {

using base::ExitCode;

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

Lifetime::Lifetime(net::Loop& loop, TunnelSet& tunnels, std::function<void()> stop_accepting,
                   std::function<void()> reload)
    : loop_(loop),
      tunnels_(tunnels),
      stop_accepting_(std::move(stop_accepting)),
      reload_(std::move(reload)),
      had_terminal_(has_terminal()),
      signals_(loop, [this](int number) { on_signal(number); }, {SIGINT, SIGTERM}) {
  if (is_ignored(SIGHUP)) return;
  hang_up_.emplace(
      loop, [this](int) { on_hang_up(); }, std::initializer_list<int>{SIGHUP});
}

void Lifetime::on_hang_up() {
  if (had_terminal_ && !has_terminal()) return end(ExitCode::kDone);
  if (!ending_) reload_();
}

void Lifetime::on_signal(int number) {
  if (!ending_) return end(number == SIGINT ? ExitCode::kInterrupted : ExitCode::kDone);
  tunnels_.hurry();
}

void Lifetime::end(ExitCode exit_code) {
  if (std::exchange(ending_, true)) return;
  exit_code_ = exit_code;
  loop_.post([this] {  // not within the handler that asked for it: it may end what called
    stop_accepting_();
    tunnels_.stop([this] { loop_.stop(); });
  });
}

ExitCode Lifetime::run() {
  loop_.run();
  return exit_code_;
}

}  // namespace mm::tunnel
