// SPDX-License-Identifier: MIT
#include "ops/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>

namespace mm::ops {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"error", "warn", "info", "debug", "trace"};

std::atomic<Level> most_detailed{Level::kWarn};

// Quotes a value that a reader or a terminal could take for something else.
void append_value(std::string& line, std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) plain = plain && c > ' ' && c < 127 && c != '"' && c != '\\';
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < ' ' || byte >= 127) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      line += "\\x";
      line += kDigits[byte >> 4];
      line += kDigits[byte & 15];
    } else {
      line += c;
    }
  }
  line += '"';
}

std::string timestamp() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char text[40];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string millis = std::to_string(1000 + now.tv_nsec / 1'000'000);
  return std::string(text, length) + "." + millis.substr(1) + "Z";
}

}  // namespace

void set_log_level(Level level) { most_detailed.store(level, std::memory_order_relaxed); }

bool log_enabled(Level level) { return level <= most_detailed.load(std::memory_order_relaxed); }

bool parse_level(std::string_view text, Level& level) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (text != kNames[i]) continue;
    level = static_cast<Level>(i);
    return true;
  }
  return false;
}

void log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!log_enabled(level)) return;
  std::string line = timestamp();
  line += ' ';
  line += kNames[static_cast<size_t>(level)];
  line += ' ';
  line += event;
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  line += '\n';
  // One write, so that lines of several threads stay whole; a full disk loses the line, no more.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace mm::ops
