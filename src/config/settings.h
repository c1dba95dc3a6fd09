// SPDX-License-Identifier: MIT
// What the user set, as texts: each option's values and which source gave them. Flags go before the
// environment, that before the file. Filled and read by resolve.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/options.h"

namespace mm::config {

// The command line, taken apart by cli: values by the option's name, "true" for a switch.
struct Arguments {
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::vector<std::string> positionals;
};

using Environment = std::map<std::string, std::string, std::less<>>;

// The value of an environment variable; empty where it is not set.
std::string_view variable(const Environment& environment, std::string_view name);

enum class Origin { kFlag, kEnvironment, kFile };  // the first goes before the others

struct Setting {
  std::vector<std::string> values;  // at least one; one unless the option is a kList or kCount
  Origin origin = Origin::kFlag;
  std::string source;  // for errors: `--hold`, `MINDMELD_HOLD`, `config.json:3: "hold"`
};

class Settings {
 public:
  // An environment that has a MINDMELD_… which is unknown or empty is an error.
  static base::StatusOr<Settings> gather(const Arguments& arguments,
                                         const Environment& environment);

  // From the next source; what earlier ones have set stays. Require: `option` is in the table.
  void add(std::string_view option, Setting setting);

  // Null: nobody set it.
  const Setting* find(std::string_view option) const;

  std::string text(std::string_view option) const;  // empty: not set
  // What the configuration file says, whatever goes before it; empty: nothing.
  std::string text_in_file(std::string_view option) const;
  base::StatusOr<bool> is_on(std::string_view option) const;
  base::StatusOr<int> count(std::string_view option) const;
  // Nothing: not set. At least 1. A size may have a unit: "512M" is 512 times 2^20.
  base::StatusOr<std::optional<uint64_t>> number(std::string_view option) const;
  base::StatusOr<std::optional<uint64_t>> size_bytes(std::string_view option) const;
  base::StatusOr<std::chrono::milliseconds> duration(std::string_view option,
                                                     std::chrono::milliseconds least,
                                                     std::chrono::milliseconds otherwise) const;

 private:
  base::Status add_environment(const Environment& environment);

  std::map<std::string, Setting, std::less<>> settings_;
  std::map<std::string, std::string, std::less<>> in_file_;  // the first value of each
};

// Nothing for any text but a yes or a no.
std::optional<bool> parse_switch(std::string_view text);

// "1000000", "512M", "2G"; nothing for any other text.
std::optional<uint64_t> parse_size(std::string_view text);

// "500ms", "10s", "2m", "1h", "3d"; nothing for any other text, and for more than 30 days.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace mm::config
