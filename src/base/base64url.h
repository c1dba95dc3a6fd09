// SPDX-License-Identifier: MIT
// Bytes as text that fits in a URL, and back: base64url without padding (RFC 4648, section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mm::base {

inline constexpr std::string_view kBase64urlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::span<const uint8_t> bytes);

// Nothing unless `text` is what to_base64url() makes of some bytes: so there is one text for each.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace mm::base
