// SPDX-License-Identifier: MIT
#include "cli/flags.h"

#define CXXOPTS_NO_REGEX true          // its regular expressions overflow the stack on long values
#define CXXOPTS_VECTOR_DELIMITER '\0'  // a path may hold a comma
#include <cxxopts.hpp>

#include <algorithm>

#include "base/check.h"
#include "base/suggest.h"
#include "base/text.h"
#include "config/options.h"
#include "config/usage_error.h"

namespace mm::cli {
namespace {

using base::in_quotes;
using base::Status;
using base::StatusOr;
using config::Option;
using config::Type;
using config::usage_error;

cxxopts::Options known_options(const Command& command) {
  cxxopts::Options known("mindmeld");
  // Unknown ones come back among the unmatched, whole, so that the error is ours.
  known.allow_unrecognised_options();
  for (const Option& option : config::options()) {
    if (!option.is_for(command.id)) continue;
    const std::string letter = option.letter != 0 ? std::string(1, option.letter) + "," : "";
    auto value = cxxopts::value<std::string>();
    if (!option.takes_value()) value->implicit_value("true");
    known.add_options()(letter + std::string(option.name), "", value);
  }
  return known;
}

Status unknown_flag(const Command& command, const std::string& word) {
  const std::string flag = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const Option& option : config::options()) {
    if (option.is_for(command.id)) known.push_back(option.flag());
  }
  const std::string name = "mindmeld " + std::string(command.name);
  if (std::find(known.begin(), known.end(), flag) != known.end()) {
    return usage_error(in_quotes(flag) + " behind -- is no flag: flags go before it");
  }
  const std::string suggestion = base::did_you_mean(flag, known);
  return usage_error(name + " has no flag " + in_quotes(flag) +
                     (suggestion.empty() ? ": " + name + " --help lists them" : suggestion));
}

// cxxopts takes whatever follows a flag for its value.
Status missing_value(const Option& option, const std::string& value) {
  const std::string found = value.empty() ? "" : ", and got " + in_quotes(value);
  return usage_error(option.flag() + " needs a value: " + option.flag() + " " +
                     std::string(option.value_name) + found);
}

Status add(config::Arguments& arguments, const Option& option, const std::string& value) {
  if (option.takes_value() && value.starts_with("--")) return missing_value(option, value);
  std::vector<std::string>& values = arguments.values[std::string(option.name)];
  const bool has_one_value = option.takes_value() && option.type != Type::kList;
  if (has_one_value && !values.empty())
    return usage_error(option.flag() + " is given twice: leave out one");
  values.push_back(value);
  return absl::OkStatus();
}

StatusOr<config::Arguments> collect(const Command& command, const cxxopts::ParseResult& parsed) {
  config::Arguments arguments;
  for (const std::string& word : parsed.unmatched()) {
    if (word.starts_with('-') && word != "-") return unknown_flag(command, word);
    arguments.positionals.push_back(word);
  }
  for (const cxxopts::KeyValue& flag : parsed.arguments()) {
    const Option* option = config::find_option(flag.key());
    MM_CHECK(option != nullptr);
    if (Status status = add(arguments, *option, flag.value()); !status.ok()) return status;
  }
  return arguments;
}

// A flag at the very end, which cxxopts reports with an exception, in words of its own.
const Option* last_flag(const std::vector<std::string>& words) {
  if (words.empty() || !words.back().starts_with("--")) return nullptr;
  const Option* option = config::find_option(std::string_view(words.back()).substr(2));
  return option != nullptr && option->takes_value() ? option : nullptr;
}

}  // namespace

StatusOr<config::Arguments> parse_flags(const Command& command,
                                        const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"mindmeld"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  try {
    return collect(command,
                   known_options(command).parse(static_cast<int>(argv.size()), argv.data()));
  } catch (const cxxopts::exceptions::parsing& error) {
    if (const Option* option = last_flag(words)) return missing_value(*option, "");
    return usage_error(std::string("the command line cannot be read: ") + error.what());
  }
}

}  // namespace mm::cli
