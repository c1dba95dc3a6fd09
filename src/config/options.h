// SPDX-License-Identifier: MIT
// The table of options. Flags, --help, environment variables, the keys of the configuration file
// and suggestions all come from it, so one name serves in three places: `--tls-cert`,
// `MINDMELD_TLS_CERT`, `"tls_cert"`.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mm::config {

// Each command is one bit, so that an option can name several.
enum CommandId : unsigned { kRouter = 1, kShare = 2, kConnect = 4, kList = 8, kDoctor = 16 };

enum class Type {
  kSwitch,  // given or not; true or false in the environment and the file
  kCount,   // a switch that may be given several times; a number there
  kText,
  kPath,  // in the file: relative to the file's folder, and ~/ is the home
  kNumber,
  kSize,      // in bytes: "1000000", "512M", "2G"
  kDuration,  // "500ms", "10s", "2m", "1h", "3d"
  kList,      // a flag that may be repeated; in the environment separated by commas
};

// Where an option can be set; each place includes the ones before it.
enum class Reach {
  kFlag,
  kEnvironment,
  kFile,          // at the top of the file
  kServeSection,  // in its "serve"
};

struct Option {
  std::string_view name;        // "tls-cert"
  char letter;                  // 'v' for -v; 0: none
  std::string_view value_name;  // "FILE"; empty: a switch
  Type type;
  std::string_view default_text;  // for people; empty: none, or off
  std::string_view help;
  unsigned commands;  // CommandIds
  Reach reach;

  bool is_for(CommandId command) const { return (commands & command) != 0; }
  bool takes_value() const { return !value_name.empty(); }

  std::string flag() const;      // "--tls-cert"
  std::string variable() const;  // "MINDMELD_TLS_CERT"
  std::string key() const;       // "tls_cert"
};

constexpr std::string_view kVariablePrefix = "MINDMELD_";

// In the order in which --help lists them.
std::span<const Option> options();

// Null: no such option.
const Option* find_option(std::string_view name);
const Option* find_variable(std::string_view variable);
// kFile or kServeSection.
const Option* find_key(std::string_view key, Reach reach);

}  // namespace mm::config
