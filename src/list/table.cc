// SPDX-License-Identifier: MIT
#include "list/table.h"

#include <algorithm>
#include <ctime>

#include "base/text.h"

namespace mm::list {
namespace {

constexpr size_t kTextBytesMax = 64;  // a router's word: it may be anything
using Row = std::vector<std::string>;

std::string local_time(int64_t unix_time_s) {
  const auto time = static_cast<time_t>(unix_time_s);
  tm local{};
  if (localtime_r(&time, &local) == nullptr) return "?";
  char text[32];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
  return std::string(text, length);
}

// The first row is the header. From column `numbers` on they are numbers, which stand to the right.
std::string aligned(const std::vector<Row>& rows, size_t numbers) {
  std::vector<size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], base::columns(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - base::columns(row[i]), ' ');
      text += i >= numbers ? padding + row[i] : row[i] + padding;
      text += i + 1 == row.size() ? "\n" : "  ";
    }
  }
  return text;
}

}  // namespace

std::string table(const std::vector<transport::ServiceInfo>& services) {
  std::vector<Row> rows = {{"NAME", "KIND", "OWNER", "SINCE", "CONNECTIONS", "BYTES"}};
  for (const transport::ServiceInfo& service : services) {
    rows.push_back({base::printable(service.name, kTextBytesMax) + (service.away ? " (away)" : ""),
                    base::printable(service.kind, kTextBytesMax),
                    base::printable(service.owner, kTextBytesMax),
                    local_time(service.create_time_s), std::to_string(service.connections),
                    base::human_bytes(service.bytes)});
  }
  return aligned(rows, 4);
}

std::string connections_table(const std::vector<transport::ServiceInfo>& services) {
  std::vector<Row> rows = {{"SERVICE", "CONNECTION", "FROM", "FOR", "UP", "DOWN"}};
  for (const transport::ServiceInfo& service : services) {
    for (const transport::ConnectionInfo& open : service.open) {
      rows.push_back({base::printable(service.name, kTextBytesMax),
                      base::printable(open.id, kTextBytesMax),
                      base::printable(open.caller, kTextBytesMax),
                      base::human_duration(static_cast<int64_t>(open.age_s)),
                      base::human_bytes(open.up_bytes), base::human_bytes(open.down_bytes)});
    }
  }
  if (rows.size() == 1) return "\nno open connections of services of yours\n";
  return "\n" + aligned(rows, 3);
}

}  // namespace mm::list
