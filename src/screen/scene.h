// SPDX-License-Identifier: MIT
// What the live screen shows, and how it is drawn: pure, so that a test can look at every picture.
// Filled by live.cc each second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mm::screen {

struct Flow {
  uint64_t bytes = 0;         // so far
  std::vector<double> rates;  // bytes a second, one a second, the newest last
};

struct Row {
  std::string guest;  // whose ticket opened it; empty: the owner's, or not known
  std::string service;
  int64_t age_s = 0;
  uint64_t up_bytes = 0;
  uint64_t down_bytes = 0;
  std::string state;  // "open", or why it ended
};

struct Scene {
  std::string title;
  std::string state;  // of the router: "online at http://…, 38 ms away"
  bool is_well = true;
  std::vector<std::string> lasting;  // what to paste and where it listens
  size_t open_count = 0;
  uint64_t total_count = 0;
  Flow up;
  Flow down;
  std::vector<Row> rows;           // the newest first
  std::vector<std::string> notes;  // what was said lately, the newest last
};

struct Look {
  size_t columns = 80;
  size_t rows = 24;
  bool is_utf8 = true;
  bool has_colour = true;
};

// Lines from the top, which take at most `look.rows` rows of the terminal together. All but the
// lasting ones fit into its columns: those are for copying, and wrap where the terminal does.
std::vector<std::string> draw(const Scene& scene, const Look& look);

}  // namespace mm::screen
