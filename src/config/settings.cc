// SPDX-License-Identifier: MIT
#include "config/settings.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/suggest.h"
#include "base/text.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::in_quotes;
using base::Status;
using base::StatusOr;
using std::chrono::milliseconds;

// Read by others than the table: the log's level (cli), a pass (credentials.cc), and the seed of
// the simulations.
constexpr std::string_view kOtherVariables[] = {"MINDMELD_LOG", "MINDMELD_PASS", "MINDMELD_SEED"};

constexpr int kCountMost = 9;  // nobody means -v more often

bool is_other_variable(std::string_view name) {
  return std::find(std::begin(kOtherVariables), std::end(kOtherVariables), name) !=
         std::end(kOtherVariables);
}

Status unknown_variable(std::string_view name) {
  std::vector<std::string> known(std::begin(kOtherVariables), std::end(kOtherVariables));
  for (const Option& option : options()) {
    if (option.reach != Reach::kFlag) known.push_back(option.variable());
  }
  const std::string suggestion = base::did_you_mean(name, known);
  return usage_error("the environment variable " + in_quotes(name) + " is unknown" +
                     (suggestion.empty()
                          ? ": unset it, or name it like a flag, as in MINDMELD_PASS_FILE"
                          : suggestion));
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<bool> parse_switch(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return std::nullopt;
}

std::string_view variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : found->second;
}

StatusOr<Settings> Settings::gather(const Arguments& arguments, const Environment& environment) {
  Settings settings;
  for (const auto& [name, values] : arguments.values) {
    const Option* option = find_option(name);
    MM_CHECK(option != nullptr && !values.empty());
    if (std::find(values.begin(), values.end(), "") != values.end()) {
      return usage_error(option->flag() + " is empty: give it a value, or leave it out");
    }
    settings.add(name, {values, Origin::kFlag, option->flag()});
  }
  if (Status status = settings.add_environment(environment); !status.ok()) return status;
  return settings;
}

Status Settings::add_environment(const Environment& environment) {
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kVariablePrefix)) continue;
    const Option* option = find_variable(name);
    if (option == nullptr && !is_other_variable(name)) return unknown_variable(name);
    if (value.empty()) return usage_error(name + " is set but empty: give it a value, or unset it");
    if (option == nullptr) continue;
    const bool is_list = option->type == Type::kList;
    add(option->name, {is_list ? split_at_commas(value) : std::vector<std::string>{value},
                       Origin::kEnvironment, name});
  }
  return absl::OkStatus();
}

void Settings::add(std::string_view option, Setting setting) {
  MM_CHECK(find_option(option) != nullptr);
  if (setting.origin == Origin::kFile) {
    in_file_.emplace(std::string(option), setting.values.front());
  }
  settings_.emplace(std::string(option), std::move(setting));
}

const Setting* Settings::find(std::string_view option) const {
  const auto found = settings_.find(option);
  return found == settings_.end() ? nullptr : &found->second;
}

std::string Settings::text(std::string_view option) const {
  const Setting* setting = find(option);
  return setting == nullptr ? "" : setting->values.front();
}

std::string Settings::text_in_file(std::string_view option) const {
  const auto found = in_file_.find(option);
  return found == in_file_.end() ? "" : found->second;
}

StatusOr<bool> Settings::is_on(std::string_view option) const {
  const Setting* setting = find(option);
  if (setting == nullptr) return false;
  const std::optional<bool> value = parse_switch(setting->values.back());
  if (value) return *value;
  return usage_error(setting->source + ": " + in_quotes(setting->values.back()) +
                     " is neither: write true or false");
}

StatusOr<int> Settings::count(std::string_view option) const {
  const Setting* setting = find(option);
  if (setting == nullptr) return 0;
  if (setting->values.size() > 1) return static_cast<int>(setting->values.size());
  const std::string& text = setting->values.front();
  if (text.size() == 1 && '0' <= text[0] && text[0] <= '0' + kCountMost) return text[0] - '0';
  const std::optional<bool> value = parse_switch(text);
  if (value) return *value ? 1 : 0;
  return usage_error(setting->source + ": " + in_quotes(text) + " is not a number from 0 to " +
                     std::to_string(kCountMost));
}

StatusOr<std::optional<uint64_t>> Settings::number(std::string_view option) const {
  const Setting* setting = find(option);
  if (setting == nullptr) return std::optional<uint64_t>();
  const std::string& text = setting->values.front();
  const bool is_number = text.find_first_not_of("0123456789") == std::string::npos;
  const std::optional<uint64_t> value = is_number ? parse_size(text) : std::nullopt;
  if (value && *value > 0) return value;
  return usage_error(setting->source + ": " + in_quotes(text) + " is not a number from 1 on");
}

StatusOr<std::optional<uint64_t>> Settings::size_bytes(std::string_view option) const {
  const Setting* setting = find(option);
  if (setting == nullptr) return std::optional<uint64_t>();
  const std::string& text = setting->values.front();
  const std::optional<uint64_t> value = parse_size(text);
  if (value && *value > 0) return value;
  return usage_error(setting->source + ": " + in_quotes(text) + " is not a size: write 512M or 2G");
}

std::optional<uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  constexpr size_t kDigitsMost = 15;
  uint64_t unit = 1;
  if (const size_t place = text.empty() ? text.npos : kUnits.find(text.back());
      place != kUnits.npos) {
    unit = uint64_t{1} << (10 * (place + 1));
    text.remove_suffix(1);
  }
  if (text.empty() || text.size() > kDigitsMost) return std::nullopt;
  if (text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  uint64_t count = 0;
  for (const char c : text) count = count * 10 + static_cast<uint64_t>(c - '0');
  if (count > (uint64_t{1} << 60) / unit) return std::nullopt;
  return count * unit;
}

StatusOr<milliseconds> Settings::duration(std::string_view option, milliseconds least,
                                          milliseconds otherwise) const {
  const Setting* setting = find(option);
  if (setting == nullptr) return otherwise;
  const std::string& text = setting->values.front();
  const std::optional<milliseconds> value = parse_duration(text);
  if (value && *value >= least) return *value;
  return usage_error(setting->source + ": " + in_quotes(text) +
                     (value ? " is too short: the least is " + std::to_string(least.count()) + "ms"
                            : " is not a duration: write 500ms, 10s, 2m, 1h or 3d, up to 30d"));
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  constexpr std::pair<std::string_view, milliseconds> kUnits[] = {
      {"ms", std::chrono::milliseconds(1)}, {"s", std::chrono::seconds(1)},
      {"m", std::chrono::minutes(1)},       {"h", std::chrono::hours(1)},
      {"d", std::chrono::days(1)},
  };
  constexpr milliseconds kMost = std::chrono::days(30);
  constexpr size_t kDigitsMost = 10;  // of kMost
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > kDigitsMost) return std::nullopt;
  int64_t count = 0;
  for (const char c : text.substr(0, digits)) count = count * 10 + (c - '0');
  for (const auto& [name, unit] : kUnits) {
    if (text.substr(digits) != name) continue;
    const milliseconds value = count * unit;
    if (value > kMost) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

}  // namespace mm::config
