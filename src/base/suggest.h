// SPDX-License-Identifier: MIT
// The known word that a mistyped one was meant to be: of commands, flags, variables and keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mm::base {

// The nearest of `known`, the first of equally near ones. Nothing where none is near enough to have
// been meant. Typos are counted (a letter missing, added, wrong, or two swapped): one is allowed,
// one more for every three letters, three at most. A beginning of three letters is enough.
std::string_view nearest(std::string_view word, const std::vector<std::string>& known);

// `: did you mean "router"?`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace mm::base
