// SPDX-License-Identifier: MIT
// The one error of config and cli: the user said something that cannot be done. Exit code 2.
#pragma once

#include <string_view>

#include "base/status.h"

namespace mm::config {

inline base::Status usage_error(std::string_view message) {
  return base::error(base::Code::kInvalidArgument, message);
}

}  // namespace mm::config
