// SPDX-License-Identifier: MIT
// Bytes as lower-case hex digits, and back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mm::base {

std::string to_hex(std::span<const uint8_t> bytes);

// False, with `out` unspecified, unless `text` is exactly 2 * out.size() lower-case hex digits.
bool from_hex(std::string_view text, std::span<uint8_t> out);

}  // namespace mm::base
