// SPDX-License-Identifier: MIT
#include "secure/log_id.h"

#include <span>

#include "base/hex.h"
#include "secure/digest.h"

namespace mm::secure {

std::string log_id(const base::Token& token) {
  const Digest digest = sha256(token.reveal());
  return base::to_hex(std::span(digest).first(4));
}

}  // namespace mm::secure
