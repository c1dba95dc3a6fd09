// SPDX-License-Identifier: MIT
// Text from outside, made fit for a message, a terminal and a log; and text put together.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace mm::base {

// At most `most_bytes` bytes: characters that would move a terminal's cursor or turn the reading
// direction are escaped, longer text is cut between two characters and ends in "...".
// Require: most_bytes >= 16.
std::string printable(std::string_view text, size_t most_bytes);

// A bad value as a message shows it: printable, in double quotes, 80 bytes of it at most.
std::string quoted(std::string_view text);

// One after the other.
std::string joined(std::initializer_list<std::string_view> pieces);

}  // namespace mm::base
