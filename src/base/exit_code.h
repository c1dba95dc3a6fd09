// SPDX-License-Identifier: MIT
// What mindmeld's exit codes mean. A contract: scripts act on them.
#pragma once

namespace mm::base {

enum class ExitCode {
  kDone = 0,
  kInternal = 1,  // or, with `connect NAME=-`, the connection was reset; doctor: a clock is wrong
  kUsage = 2,     // a flag, an argument, the environment or the configuration file
  kNotAllowed = 3,
  kNoSuchService = 4,      // with --no-wait; doctor
  kRouterUnreachable = 5,  // where waiting was declined, or what answers is not a router
  kCannotListen = 6,
  kTargetRefused = 7,  // share --check; doctor
  kNameTaken = 8,
  kInterrupted = 130,
};

}  // namespace mm::base
