// SPDX-License-Identifier: MIT
#include "base/base64url.h"

namespace mm::base {

std::string to_base64url(std::span<const uint8_t> bytes) {
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) text += kBase64urlDigits[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kBase64urlDigits[bits << (6 - count) & 63];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t digit = kBase64urlDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 255);
  }
  const bool is_canonical = count < 6 && (bits & ((1u << count) - 1)) == 0;
  if (!is_canonical) return std::nullopt;
  return bytes;
}

}  // namespace mm::base
