// SPDX-License-Identifier: MIT
// SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mm::secure {

using Digest = std::array<uint8_t, 32>;

Digest sha256(std::string_view data);

// In constant time: an answer must not tell how much of a guess was right.
bool equal(const Digest& left, const Digest& right);

}  // namespace mm::secure
