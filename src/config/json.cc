// SPDX-License-Identifier: MIT
#include "config/json.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

// Ours has 4. A limit, because whoever walks over a Json calls itself for each level.
constexpr size_t kLevelsMost = 16;

constexpr size_t kNearBytesMost = 30;  // of what an error shows of its place

// Counts lines while the library reads: its events do not say where they are.
class LineIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineIterator(const char* at, size_t* line) : at_(at), line_(line) {}

  reference operator*() const { return *at_; }
  LineIterator& operator++() {
    if (*at_ == '\n') ++*line_;
    ++at_;
    return *this;
  }
  LineIterator operator++(int) {
    const LineIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const LineIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  size_t* line_;
};

// Builds a Json out of the library's events; each returns false to stop.
class Builder {
 public:
  Builder(std::string_view text, std::string_view file, const size_t& line)
      : text_(text), file_(file), line_(line) {}

  base::StatusOr<Json> take() && {
    if (!status_.ok()) return status_;
    return std::move(root_);
  }

  bool null() { return add({}); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(int64_t value) { return add(value); }
  bool number_unsigned(uint64_t value) { return add(value); }
  bool number_float(double, const std::string& text) { return add_number(text); }
  bool string(const std::string& value) { return add(value); }
  bool binary(nlohmann::json::binary_t&) { return fail("binary data is not JSON"); }

  bool start_object(size_t) { return open(Json::Kind::kObject); }
  bool end_object() { return close(); }
  bool start_array(size_t) { return open(Json::Kind::kList); }
  bool end_array() { return close(); }

  bool key(const std::string& key) {
    Json& object = *open_.back();
    const bool is_there =
        std::find(object.keys.begin(), object.keys.end(), key) != object.keys.end();
    object.keys.push_back(key);
    key_line_ = line_;
    return !is_there || fail(base::in_quotes(path()) + " is there twice: leave out one");
  }

  // `read_bytes` counts the end of the text too. The library's last token is not used: it may be
  // more than one.
  bool parse_error(size_t read_bytes, const std::string&, const nlohmann::json::exception&) {
    if (read_bytes > text_.size()) return fail("this is not JSON: it ends too early");
    const std::string_view read = text_.substr(0, read_bytes);
    // Hidden before the cut, which would leave a piece that is not known for one.
    const std::string line = base::without_secrets(read.substr(read.rfind('\n') + 1));
    const size_t cut = line.size() - std::min(line.size(), kNearBytesMost);
    return fail("this is not JSON: something is wrong near " + base::in_quotes(line.substr(cut)));
  }

 private:
  bool fail(const std::string& why) {
    status_ = usage_error(std::string(file_) + ":" + std::to_string(line_) + ": " + why);
    return false;
  }

  Json& place(Json json) {
    json.line = key_line_ != 0 ? std::exchange(key_line_, 0) : line_;
    if (open_.empty()) return root_ = std::move(json);
    return open_.back()->items.emplace_back(std::move(json));
  }

  bool add(Json json) {
    place(std::move(json));
    return true;
  }

  bool add_number(const std::string& text) {
    Json number;
    number.kind = Json::Kind::kNumber;
    number.text = text;
    return add(std::move(number));
  }

  bool open(Json::Kind kind) {
    if (open_.size() == kLevelsMost) return fail("it is nested too deep");
    Json json;
    json.kind = kind;
    open_.push_back(&place(std::move(json)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  // "share.web" for the key that was read last.
  std::string path() const {
    std::string text;
    for (const Json* json : open_) {
      if (json->keys.empty()) continue;
      text += (text.empty() ? "" : ".") + json->keys.back();
    }
    return text;
  }

  std::string_view text_;
  std::string_view file_;
  const size_t& line_;   // grows while the library reads
  size_t key_line_ = 0;  // 0: what comes next has no key
  Json root_;
  std::vector<Json*> open_;  // from the root inwards; only the last one grows
  base::Status status_;
};

std::string quote(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append(std::string& out, const Json& json) {
  const bool is_object = json.kind == Json::Kind::kObject;
  switch (json.kind) {
    case Json::Kind::kNull:
      out += "null";
      return;
    case Json::Kind::kBool:
    case Json::Kind::kNumber:
      out += json.text;
      return;
    case Json::Kind::kString:
      out += quote(json.text);
      return;
    case Json::Kind::kList:
    case Json::Kind::kObject:
      out += is_object ? '{' : '[';
      for (size_t i = 0; i < json.items.size(); ++i) {
        if (i > 0) out += ',';
        if (is_object) out += quote(json.keys[i]) + ":";
        append(out, json.items[i]);
      }
      out += is_object ? '}' : ']';
      return;
  }
}

}  // namespace

Json Json::object(std::initializer_list<std::pair<std::string_view, Json>> members) {
  Json json;
  json.kind = Kind::kObject;
  for (const auto& [key, value] : members) {
    json.keys.emplace_back(key);
    json.items.push_back(value);
  }
  return json;
}

void Json::add(std::string_view key, Json value) {
  keys.emplace_back(key);
  items.push_back(std::move(value));
}

Json Json::list(std::vector<Json> items) {
  Json json;
  json.kind = Kind::kList;
  json.items = std::move(items);
  return json;
}

base::StatusOr<Json> parse_json(std::string_view text, std::string_view file) {
  size_t line = 1;
  Builder builder(text, file, line);
  nlohmann::json::sax_parse(LineIterator(text.data(), &line),
                            LineIterator(text.data() + text.size(), &line), &builder,
                            nlohmann::json::input_format_t::json, /*strict=*/true,
                            /*ignore_comments=*/true);
  return std::move(builder).take();
}

std::string dump_json(const Json& json) {
  std::string out;
  append(out, json);
  return out;
}

}  // namespace mm::config
