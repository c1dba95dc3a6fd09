// SPDX-License-Identifier: MIT
// JSON: a value, its reading and its writing. The one place that knows the JSON library. Used for
// the configuration file, the events, and `list --json`.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace mm::config {

struct Json {
  enum class Kind { kNull, kBool, kNumber, kString, kList, kObject };

  Json() = default;
  // NOLINTBEGIN(google-explicit-constructor): an object is written as its plain values
  Json(bool value) : kind(Kind::kBool), text(value ? "true" : "false") {}
  Json(const char* value) : kind(Kind::kString), text(value) {}
  template <std::convertible_to<std::string_view> Text>
  Json(const Text& value) : kind(Kind::kString), text(std::string_view(value)) {}
  template <std::integral Number>
  Json(Number value) : kind(Kind::kNumber), text(std::to_string(value)) {}
  // NOLINTEND(google-explicit-constructor)

  static Json object(std::initializer_list<std::pair<std::string_view, Json>> members);
  static Json list(std::vector<Json> items);

  // One more member at the end. Require: kObject.
  void add(std::string_view key, Json value);

  Kind kind = Kind::kNull;
  std::string text;               // kString: what it says; kNumber, kBool: as JSON has it
  std::vector<Json> items;        // kList; kObject: its values, in the order of `keys`
  std::vector<std::string> keys;  // kObject, in the order of the text
  size_t line = 0;                // where it was read, from 1; a member's: that of its key
};

// Reads one value, with comments allowed. "config.json:3: \"share.web\" is there twice", and
// likewise for what is not JSON, or nests too deep; `file` is what the error calls it.
base::StatusOr<Json> parse_json(std::string_view text, std::string_view file);

// On one line. Bytes that are not UTF-8 become U+FFFD.
std::string dump_json(const Json& json);

}  // namespace mm::config
