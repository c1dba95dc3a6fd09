// SPDX-License-Identifier: MIT
#include "base/suggest.h"

#include <algorithm>

namespace mm::base {
namespace {

constexpr size_t kTyposMost = 3;
constexpr size_t kBeginningLetters = 3;

// The restricted distance of Damerau and Levenshtein, with three rows of its table.
size_t typos_between(std::string_view from, std::string_view to) {
  std::vector<size_t> before_last, last(to.size() + 1), row(to.size() + 1);
  for (size_t j = 0; j <= to.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= to.size(); ++j) {
      const size_t wrong = from[i - 1] == to[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + wrong});
      const bool is_swap = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (is_swap) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[to.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string>& known) {
  const size_t allowed = std::min(1 + word.size() / 3, kTyposMost);
  std::string_view best;
  size_t best_typos = allowed + 1;
  for (const std::string& candidate : known) {
    if (word.size() > candidate.size() + allowed) continue;  // spares a huge table
    const bool is_beginning = word.size() >= kBeginningLetters && candidate.starts_with(word);
    const size_t typos = is_beginning ? 0 : typos_between(word, candidate);
    if (typos >= best_typos) continue;
    best = candidate;
    best_typos = typos;
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string_view best = nearest(word, known);
  return best.empty() || best == word ? "" : ": did you mean \"" + std::string(best) + "\"?";
}

}  // namespace mm::base
