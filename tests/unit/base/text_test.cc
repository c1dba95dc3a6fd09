// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <doctest/doctest.h>

using namespace mm;
using base::printable;

TEST_CASE("text: what moves a terminal or turns the reading direction is escaped") {
  struct Row {
    const char* name;
    std::string_view text;
    const char* shown;
  };
  const Row rows[] = {
      {"plain", "ann@laptop", "ann@laptop"},
      {"other scripts", "jos\xc3\xa9@\xe6\x9d\xb1", "jos\xc3\xa9@\xe6\x9d\xb1"},
      {"newline", "a\nb", "a\\x0ab"},
      {"escape", "\x1b[2J", "\\x1b[2J"},
      {"NUL", {"a\0b", 3}, "a\\x00b"},
      {"C1 control", "a\xc2\x9b", "a\\xc2\\x9b"},
      {"right to left", "a\xe2\x80\xae", "a\\xe2\\x80\\xae"},
      {"not UTF-8", "a\xff\xc3", "a\\xff\\xc3"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(printable(row.text, 64) == row.shown);
  }
}

TEST_CASE("text: what is too long is cut between two characters, and says so") {
  CHECK(printable(std::string(16, 'x'), 16) == std::string(16, 'x'));
  CHECK(printable(std::string(17, 'x'), 16) == std::string(13, 'x') + "...");
  CHECK(printable(std::string(12, 'x') + "\xc3\xa9\xc3\xa9\xc3\xa9", 16) ==
        std::string(12, 'x') + "...");
  CHECK(printable(std::string(1 << 20, '\n'), 64).size() <= 64);
}
