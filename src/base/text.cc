// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/base64url.h"
#include "base/check.h"
#include "base/hex.h"

namespace mm::base {
namespace {

constexpr std::string_view kCut = "...";
constexpr size_t kPathBytesMost = 200;
constexpr size_t kQuotedBytesMost = 80;
// A secret has 43 digits of base64url, and may have lost some in copying. No name has capitals.
constexpr size_t kSecretDigitsLeast = 40;

bool is_capital(char c) { return 'A' <= c && c <= 'Z'; }

// Of a text of digits alone.
bool may_be_secret(std::string_view digits) {
  return digits.size() >= kSecretDigitsLeast &&
         std::any_of(digits.begin(), digits.end(), is_capital);
}

// How many bytes before `at` belong to what may be a secret and goes on behind it. The piece alone
// would not be taken for one.
size_t piece_of_secret(std::string_view text, size_t at) {
  const size_t begin = text.substr(0, at).find_last_not_of(kBase64urlDigits) + 1;  // npos + 1 is 0
  const std::string_view rest = text.substr(begin);
  const std::string_view digits = rest.substr(0, rest.find_first_not_of(kBase64urlDigits));
  return digits.size() > at - begin && may_be_secret(digits) ? at - begin : 0;
}

// Length of the UTF-8 character that begins `text`; 1 where that is no valid beginning.
size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
  if (length > text.size()) return 1;
  for (size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 1;
  }
  return length;
}

bool is_harmless(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead >= ' ' && lead < 0x7f;
  const auto next = static_cast<unsigned char>(character[1]);
  if (lead == 0xc2) return next >= 0xa0;  // below: U+0080 to U+009F, control characters
  // U+2000 to U+206F: invisible and direction marks, among harmless dashes and quotes.
  return !(lead == 0xe2 && (next == 0x80 || next == 0x81));
}

std::string escaped(std::string_view character) {
  std::string text;
  for (const char c : character) {
    const uint8_t byte = static_cast<uint8_t>(c);
    text += "\\x" + to_hex({&byte, 1});
  }
  return text;
}

}  // namespace

std::string printable(std::string_view text, size_t most_bytes) {
  MM_CHECK(most_bytes >= 16);
  std::string out;
  size_t cut = 0;   // where `out` is cut if not everything fits
  size_t kept = 0;  // what of `text` that leaves
  for (size_t at = 0; at < text.size();) {
    const std::string_view character = text.substr(at, character_length(text.substr(at)));
    const std::string piece = is_harmless(character) ? std::string(character) : escaped(character);
    if (out.size() + piece.size() > most_bytes) {
      return out.substr(0, cut - piece_of_secret(text, kept)) + std::string(kCut);
    }
    out += piece;
    at += character.size();
    if (out.size() + kCut.size() > most_bytes) continue;
    cut = out.size();
    kept = at;
  }
  return out;
}

std::string without_secrets(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view run = text.substr(0, text.find_first_not_of(kBase64urlDigits));
    out += may_be_secret(run) ? kCut : run;
    text.remove_prefix(run.size());
    if (text.empty()) break;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string printable_path(std::string_view path) { return printable(path, kPathBytesMost); }

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  out += printable(without_secrets(text), kQuotedBytesMost);
  return out += '"';
}

std::string joined(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

size_t columns(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string fitted(std::string_view text, size_t most) {
  size_t bytes = 0;
  for (size_t taken = 0; taken < most && bytes < text.size(); ++taken) {
    bytes += character_length(text.substr(bytes));
  }
  return std::string(text.substr(0, bytes));
}

std::vector<std::string> wrapped(std::string_view text, size_t most) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (columns(line) + 1 + columns(word) <= most) {
      line += " " + std::string(word);
    } else {
      lines.emplace_back(word);
    }
  }
  return lines;
}

std::string human_bytes(uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value,
                kUnits[unit]);
  return text;
}

std::string human_duration(int64_t seconds) {
  if (seconds < 60) return std::to_string(std::max<int64_t>(seconds, 0)) + " s";
  const int64_t minutes = seconds / 60;
  if (minutes < 60) return std::to_string(minutes) + " min";
  const int64_t hours = minutes / 60;
  if (hours < 24) return std::to_string(hours) + " h " + std::to_string(minutes % 60) + " min";
  return std::to_string(hours / 24) + " d " + std::to_string(hours % 24) + " h";
}

}  // namespace mm::base
