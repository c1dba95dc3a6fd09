// SPDX-License-Identifier: MIT
// The log: one line an event, `noun.event key=value …`, on standard error. For grep, not for
// prose; what a person must know goes through config/events.h. Values from outside are escaped;
// a Token cannot be passed at all. Safe from any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace mm::ops {

enum class Level { kError, kWarn, kInfo, kDebug, kTrace };

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view key, std::string_view value) : key(key), value(value) {}
  Field(std::string_view key, const char* value) : key(key), value(value) {}
  Field(std::string_view key, const std::string& value) : key(key), value(value) {}
  Field(std::string_view key, bool value) : key(key), value(value ? "true" : "false") {}
  template <typename Number>
  Field(std::string_view key, Number value) : key(key), value(std::to_string(value)) {}
};

// The most detailed level that is written; kWarn at start. `MINDMELD_LOG` sets it.
void set_log_level(Level level);
bool log_enabled(Level level);

// "error", "warn", "info", "debug" or "trace"; false for any other text.
bool parse_level(std::string_view text, Level& level);

void log(Level level, std::string_view event, std::initializer_list<Field> fields = {});

}  // namespace mm::ops
