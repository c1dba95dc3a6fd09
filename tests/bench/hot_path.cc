// SPDX-License-Identifier: MIT
// Runs one of the hot path's cases: hot_path CASE ROUNDS. Without arguments it prints their names.
// instructions.py runs it under callgrind, and knows no more of it.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench/hot_cases.h"

int main(int argc, char** argv) {
  for (const mm::bench::HotCase& each : mm::bench::hot_cases()) {
    if (argc == 1) std::puts(each.name);
    if (argc != 3 || std::string_view(argv[1]) != each.name) continue;
    const auto round = each.make();
    for (long left = std::atol(argv[2]); left > 0; --left) round();
    return 0;
  }
  return argc == 1 ? 0 : 2;
}
