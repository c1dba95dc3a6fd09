// SPDX-License-Identifier: MIT
// What the service manager that started this process is told, as sd_notify(3) of systemd does it.
// Called by config/events.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace mm::base {

// `socket` is what NOTIFY_SOCKET says: a path, or with '@' an abstract name; empty: nobody asks,
// and nothing is done. `state`: "READY=1". kUnavailable: nobody takes it there.
Status notify(const std::string& socket, std::string_view state);

}  // namespace mm::base
