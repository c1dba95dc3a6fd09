// SPDX-License-Identifier: MIT
#include "base/token.h"

#include <cstring>

#include "base/hex.h"

namespace mm::base {

Token Token::random(Random& random) {
  Token token;
  random.fill(token.bytes_);
  return token;
}

std::optional<Token> Token::parse(std::string_view text) {
  Token token;
  if (text.size() != 2 * kBytes || !from_hex(text, token.bytes_)) return std::nullopt;
  return token;
}

std::string Token::reveal() const { return to_hex(bytes_); }

}  // namespace mm::base

size_t std::hash<mm::base::Token>::operator()(const mm::base::Token& token) const noexcept {
  size_t value;  // the bytes are random already; whoever could choose them could only slow himself
  std::memcpy(&value, token.bytes_.data(), sizeof value);
  return value;
}
