// SPDX-License-Identifier: MIT
// Text from outside, made fit for a message, a terminal and a log; and text put together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace mm::base {

// At most `most_bytes` bytes: characters that would move a terminal's cursor or turn the reading
// direction are escaped, longer text is cut between two characters and ends in "...". Of what
// without_secrets() would hide no piece is left by the cut, for that could not be told from a word.
// Require: most_bytes >= 16.
std::string printable(std::string_view text, size_t most_bytes);

// A path, as a message shows it: printable(), 200 bytes of it at most.
std::string printable_path(std::string_view path);

// Without what may be a pass or a ticket's secret, typed where it does not belong: that is "...".
std::string without_secrets(std::string_view text);

// A bad value as a message shows it: printable, without secrets, in double quotes, 80 bytes of it
// at most.
std::string in_quotes(std::string_view text);

// One after the other.
std::string joined(std::initializer_list<std::string_view> pieces);

// How many columns of a terminal it takes, near enough: characters, not the bytes of their UTF-8.
size_t columns(std::string_view text);

// Its first characters, as many as fit into `most` columns.
std::string fitted(std::string_view text, size_t most);

// Its lines, of `most` columns each, broken between two words; a longer word has one to itself.
std::vector<std::string> wrapped(std::string_view text, size_t most);

// "0 B", "1.0 kB", "12 MB": three digits at most, powers of 1000.
std::string human_bytes(uint64_t bytes);

// "7 s", "2 min", "3 h 5 min", "2 d 4 h": two units at most. Negative counts as none.
std::string human_duration(int64_t seconds);

}  // namespace mm::base
