// SPDX-License-Identifier: MIT
// Token: 256 random bits that name one conduit to the router. It is a secret: it cannot be
// formatted or streamed; logs show secure::log_id(token) instead. On the wire it is 64 lower-case
// hex digits, in the metadata `mindmeld-token` and in ForwardToServiceResponse.token.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace mm::base {

class Token {
 public:
  static constexpr size_t kBytes = 32;

  static Token random(Random& random);

  // Nothing unless `text` is exactly 64 lower-case hex digits.
  static std::optional<Token> parse(std::string_view text);

  // The secret itself, as it goes over the wire. For metadata and messages only.
  std::string reveal() const;

  auto operator<=>(const Token&) const = default;

 private:
  friend struct std::hash<Token>;
  std::array<uint8_t, kBytes> bytes_{};
};

}  // namespace mm::base

template <>
struct std::hash<mm::base::Token> {
  size_t operator()(const mm::base::Token& token) const noexcept;
};
