// SPDX-License-Identifier: MIT
// Lifetime: how a share or a connect process ends: by a signal or from within, first letting what
// is open finish. SIGTERM exits 0, the first SIGINT 130. A second signal resets what is open and
// ends as soon as the peers are told, within half a second. SIGHUP ends it if its terminal is gone,
// and else has it read its configuration again.
#pragma once

#include <functional>

#include "base/exit_code.h"
#include "net/hang_up.h"
#include "net/loop.h"
#include "tunnel/tunnel_set.h"

namespace mm::tunnel {

class Lifetime {
 public:
  // `stop_accepting` is called once, when the end begins; `reload` never after it. Loop and tunnels
  // outlive it.
  Lifetime(net::Loop& loop, TunnelSet& tunnels, std::function<void()> stop_accepting,
           std::function<void()> reload);

  // Begins the end, from within a handler. The first exit code is the one that counts.
  void end(base::ExitCode exit_code);

  // Runs the loop until the end.
  base::ExitCode run();

 private:
  void on_signal(int number);

  net::Loop& loop_;
  TunnelSet& tunnels_;
  std::function<void()> stop_accepting_;
  base::ExitCode exit_code_ = base::ExitCode::kDone;
  bool ending_ = false;
  net::Signals signals_;
  net::HangUp hang_up_;
};

}  // namespace mm::tunnel
