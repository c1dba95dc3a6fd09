// SPDX-License-Identifier: MIT
#include "screen/scene.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace mm::screen {
namespace {

using base::columns;
using base::fitted;

constexpr size_t kNotesMost = 3;
constexpr size_t kSamplesMost = 60;  // a minute
constexpr size_t kRateColumns = 12;  // "1.2 MB/s" and a gap

constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string padded(const std::string& text, size_t width) {
  const std::string shown = fitted(text, width);
  return shown + std::string(width - columns(shown), ' ');
}

std::string to_the_right(const std::string& text, size_t width) {
  return std::string(width - std::min(width, columns(text)), ' ') + text;
}

std::string painted(std::string_view colour, const std::string& text, const Look& look) {
  return look.has_colour ? std::string(colour) + text + std::string(kPlain) : text;
}

// Bars of eight heights, one for each sample; with too little room, for the highest of some.
std::string graph(const std::vector<double>& samples, size_t width, bool is_utf8) {
  constexpr std::array<const char*, 9> kBars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array<const char*, 9> kAscii = {" ", ".", ".", ":", "-", "=", "+", "*", "#"};
  const size_t count = std::min(samples.size(), width);
  const double most = count == 0 ? 0 : *std::max_element(samples.begin(), samples.end());
  std::string text(width - count, ' ');
  for (size_t column = 0; column < count; ++column) {
    const auto at = [&](size_t nth) {
      return samples.begin() + static_cast<std::ptrdiff_t>(nth * samples.size() / count);
    };
    const double sample = *std::max_element(at(column), at(column + 1));
    const auto height = sample <= 0 ? size_t{0} : 1 + static_cast<size_t>(7 * sample / most);
    text += is_utf8 ? kBars[height] : kAscii[height];
  }
  return text;
}

std::string flow_line(const std::string& name, const Flow& flow, const Look& look) {
  const double rate = flow.rates.empty() ? 0 : flow.rates.back();
  const std::string now = base::human_bytes(static_cast<uint64_t>(rate)) + "/s";
  const std::string total = base::human_bytes(flow.bytes) + " in all";
  const std::string start = "  " + padded(name, 6) + padded(now, kRateColumns);
  const size_t taken = columns(start) + 2 + columns(total);
  const size_t room = look.columns > taken ? look.columns - taken : 0;
  const size_t width = std::min(kSamplesMost, room);
  return start + graph(flow.rates, width, look.is_utf8) + "  " + total;
}

// Guest, service, age, up, down, state: the widths that they need, and the state has the rest.
std::vector<std::string> table(const std::vector<Row>& rows, size_t most, const Look& look) {
  if (rows.empty() || most < 2) return {};
  const size_t count = std::min(rows.size(), most - 1);
  size_t guest_width = 5, service_width = 7;
  for (size_t i = 0; i < count; ++i) {
    guest_width = std::clamp(columns(rows[i].guest), guest_width, size_t{16});
    service_width = std::clamp(columns(rows[i].service), service_width, size_t{20});
  }
  const auto line = [&](const std::string& guest, const std::string& service,
                        const std::string& age, const std::string& up, const std::string& down,
                        const std::string& state) {
    return fitted("  " + padded(guest, guest_width) + "  " + padded(service, service_width) +
                      to_the_right(age, 11) + to_the_right(up, 9) + to_the_right(down, 9) + "  " +
                      state,
                  look.columns);
  };
  std::vector<std::string> lines = {
      painted(kDim, line("GUEST", "SERVICE", "FOR", "UP", "DOWN", "STATE"), look)};
  for (size_t i = 0; i < count; ++i) {
    const Row& row = rows[i];
    lines.push_back(line(row.guest.empty() ? "-" : row.guest, row.service,
                         base::human_duration(row.age_s), base::human_bytes(row.up_bytes),
                         base::human_bytes(row.down_bytes), row.state));
  }
  return lines;
}

std::string head(const Scene& scene, const Look& look) {
  const std::string state = fitted(scene.state, look.columns);
  const size_t taken = columns(scene.title) + columns(state);
  const std::string_view colour = scene.is_well ? kGreen : kYellow;
  if (taken + 1 > look.columns) return painted(colour, state, look);
  return painted(kBold, scene.title, look) + std::string(look.columns - taken, ' ') +
         painted(colour, state, look);
}

size_t rows_of(const std::string& line, const Look& look) {
  return std::max<size_t>(1, (columns(line) + look.columns - 1) / look.columns);
}

}  // namespace

std::vector<std::string> draw(const Scene& scene, const Look& look) {
  size_t left = look.rows;
  std::vector<std::string> lines;
  const auto add = [&](const std::string& line, size_t rows) {
    if (rows > left) return;
    left -= rows;
    lines.push_back(line);
  };
  add(head(scene, look), 1);
  add("", 1);
  for (const std::string& line : scene.lasting) add(line, rows_of(line, look));
  add("", 1);
  const std::string counts = "  " + std::to_string(scene.open_count) + " open, " +
                             std::to_string(scene.total_count) + " in all";
  add(fitted("connections" + counts, look.columns), 1);
  add(fitted(flow_line("up", scene.up, look), look.columns), 1);
  add(fitted(flow_line("down", scene.down, look), look.columns), 1);
  const size_t notes = std::min({scene.notes.size(), kNotesMost, left});
  const size_t below = notes > 0 ? notes + 1 : 0;
  if (left > below + 3) {
    add("", 1);
    for (const std::string& line : table(scene.rows, left - below, look)) add(line, 1);
  }
  if (left > notes && notes > 0) add("", 1);
  for (size_t i = scene.notes.size() - notes; i < scene.notes.size(); ++i) {
    add(painted(kDim, fitted(scene.notes[i], look.columns), look), 1);
  }
  return lines;
}

}  // namespace mm::screen
