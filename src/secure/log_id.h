// SPDX-License-Identifier: MIT
// What logs show of a token: `t=`, the same on share, router and connect, so that one grep tells a
// connection's story, and of no use to whoever reads the log.
#pragma once

#include <string>

#include "base/token.h"

namespace mm::secure {

// The first 8 hex digits of the SHA-256 of the token's text.
std::string log_id(const base::Token& token);

}  // namespace mm::secure
