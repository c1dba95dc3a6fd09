// SPDX-License-Identifier: MIT
#include "tunnel/lifetime.h"

#include <csignal>
#include <utility>

namespace mm::tunnel {

using base::ExitCode;

Lifetime::Lifetime(net::Loop& loop, TunnelSet& tunnels, std::function<void()> stop_accepting,
                   std::function<void()> reload)
    : loop_(loop),
      tunnels_(tunnels),
      stop_accepting_(std::move(stop_accepting)),
      signals_(loop, [this](int number) { on_signal(number); }, {SIGINT, SIGTERM}),
      hang_up_(
          loop, [this] { end(ExitCode::kDone); },
          [this, reload = std::move(reload)] {
            if (!ending_) reload();
          }) {}

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
