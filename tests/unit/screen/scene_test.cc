// SPDX-License-Identifier: MIT
#include "screen/scene.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"

using mm::base::columns;
using mm::screen::draw;
using mm::screen::Look;
using mm::screen::Scene;

namespace {

constexpr Look kPlain{80, 24, true, false};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

size_t rows_taken(const std::vector<std::string>& lines, size_t width) {
  size_t rows = 0;
  for (const std::string& line : lines) {
    rows += std::max<size_t>(1, (columns(line) + width - 1) / width);
  }
  return rows;
}

Scene scene() {
  Scene scene;
  scene.title = "mindmeld share";
  scene.state = "online, 38 ms away";
  scene.lasting = {"sharing web -> localhost:3000, encrypted from end to end",
                   "  a colleague runs: mindmeld connect 'https://relay.example.com/web#secret'"};
  scene.open_count = 1;
  scene.total_count = 17;
  scene.up = {34'000'000, {0, 1, 2, 4, 8}};
  scene.down = {2'100, {0, 0, 0}};
  scene.rows = {{"bob", "web", 12, 1'200, 340'000, "open"}, {"", "web", 3'700, 5, 6, "done"}};
  scene.notes = {"12:00:00  one", "12:00:01  two"};
  return scene;
}

}  // namespace

TEST_CASE("scene: 80 columns show what is shared, how it goes, and who is connected") {
  CHECK(joined(draw(scene(), kPlain)) ==
        "mindmeld share                                                online, 38 ms away\n"
        "\n"
        "sharing web -> localhost:3000, encrypted from end to end\n"
        "  a colleague runs: mindmeld connect 'https://relay.example.com/web#secret'\n"
        "\n"
        "connections  1 open, 17 in all\n"
        "  up    8 B/s                                                 ▁▂▄█  34 MB in all\n"
        "  down  0 B/s                                                      2.1 kB in all\n"
        "\n"
        "  GUEST  SERVICE        FOR       UP     DOWN  STATE\n"
        "  bob    web           12 s   1.2 kB   340 kB  open\n"
        "  -      web      1 h 1 min      5 B      6 B  done\n"
        "\n"
        "12:00:00  one\n"
        "12:00:01  two\n");
}

TEST_CASE("scene: the graph is of a whole minute, be there room for it or not") {
  Scene scene;
  scene.up.rates.assign(60, 0.0);
  scene.up.rates[0] = 8;  // a minute ago
  for (const size_t columns : {40, 80, 200}) {
    CAPTURE(columns);
    const std::string shown = joined(draw(scene, {columns, 24, true, false}));
    CHECK(shown.find("█") != std::string::npos);
  }
}

TEST_CASE("scene: a picture never takes more rows than there are, nor, but for tickets, columns") {
  Scene full = scene();
  full.lasting[1] += std::string(300, 'x');
  full.rows.assign(100, full.rows[0]);
  full.notes.assign(100, std::string(300, 'n'));
  full.state = std::string(60, 's');
  for (size_t width : {20, 40, 80, 200}) {
    for (size_t height : {1, 2, 5, 8, 12, 24, 60}) {
      CAPTURE(width);
      CAPTURE(height);
      const auto lines = draw(full, {width, height, true, false});
      CHECK(rows_taken(lines, width) <= height);
      for (const std::string& line : lines) {
        const bool is_lasting =
            std::find(full.lasting.begin(), full.lasting.end(), line) != full.lasting.end();
        CHECK((is_lasting || columns(line) <= width));
      }
    }
  }
}

TEST_CASE("scene: a terminal without UTF-8 gets none, and colour only who wants it") {
  const std::string ascii = joined(draw(scene(), {80, 24, false, false}));
  CHECK(std::all_of(ascii.begin(), ascii.end(), [](char c) { return (c & 0x80) == 0; }));
  CHECK(ascii.find("web -> localhost:3000") != std::string::npos);
  CHECK(ascii.find('\x1b') == std::string::npos);
  const std::string coloured = joined(draw(scene(), {80, 24, true, true}));
  CHECK(coloured.find("\x1b[32monline") != std::string::npos);
  Scene away = scene();
  away.is_well = false;
  CHECK(joined(draw(away, {80, 24, true, true})).find("\x1b[33monline") != std::string::npos);
}
