// SPDX-License-Identifier: MIT
#include "list/table.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/text.h"

namespace mm::list {
namespace {

constexpr size_t kColumns = 6;
constexpr size_t kTextBytesMax = 64;  // a router's word: it may be anything
using Row = std::array<std::string, kColumns>;

std::string local_time(int64_t unix_time_s) {
  const auto time = static_cast<time_t>(unix_time_s);
  tm local{};
  if (localtime_r(&time, &local) == nullptr) return "?";
  char text[32];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
  return std::string(text, length);
}

Row row_of(const transport::ServiceInfo& service) {
  return {base::printable(service.name, kTextBytesMax) + (service.away ? " (away)" : ""),
          base::printable(service.kind, kTextBytesMax),
          base::printable(service.owner, kTextBytesMax),
          local_time(service.create_time_s),
          std::to_string(service.connections),
          base::human_bytes(service.bytes)};
}

// Numbers stand to the right.
bool is_number(size_t column) { return column >= kColumns - 2; }

}  // namespace

std::string table(const std::vector<transport::ServiceInfo>& services) {
  std::vector<Row> rows = {{"NAME", "KIND", "OWNER", "SINCE", "CONNECTIONS", "BYTES"}};
  for (const transport::ServiceInfo& service : services) rows.push_back(row_of(service));
  std::array<size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], base::columns(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    for (size_t i = 0; i < kColumns; ++i) {
      const std::string padding(widths[i] - base::columns(row[i]), ' ');
      const bool is_last = i + 1 == kColumns;
      text += is_number(i) ? padding + row[i] : row[i] + padding;
      text += is_last ? "\n" : "  ";
    }
  }
  return text;
}

}  // namespace mm::list
