// SPDX-License-Identifier: MIT
#include "cli/help.h"

#include <algorithm>
#include <vector>

namespace mm::cli {
namespace {

using config::Option;
using config::Reach;

constexpr unsigned kEveryCommand =
    config::kRouter | config::kShare | config::kConnect | config::kList | config::kDoctor;

struct Row {
  std::string left;
  std::string right;
};

// Two columns; the second begins where the longest of the first ends. An empty row is a blank line.
std::string table(const std::vector<Row>& rows) {
  size_t width = 0;
  for (const Row& row : rows) width = std::max(width, row.left.size());
  std::string text;
  for (const Row& row : rows) {
    const std::string gap(width - row.left.size() + 3, ' ');
    text += row.left.empty() ? "\n" : "  " + row.left + gap + row.right + "\n";
  }
  return text;
}

Row row(const Option& option) {
  const std::string letter = option.letter != 0 ? std::string("-") + option.letter + ", " : "";
  const std::string value = option.takes_value() ? " " + std::string(option.value_name) : "";
  const std::string repeated = option.type == config::Type::kList ? "..." : "";
  const std::string default_text =
      option.default_text.empty() ? "" : " (" + std::string(option.default_text) + ")";
  return {letter + option.flag() + value + repeated, std::string(option.help) + default_text};
}

// The command's own options before the ones that it shares with all.
std::string options_table(const Command& command) {
  std::vector<Row> own, common;
  for (const Option& option : config::options()) {
    if (!option.is_for(command.id)) continue;
    (option.commands == kEveryCommand ? common : own).push_back(row(option));
  }
  own.push_back({"", ""});
  own.insert(own.end(), common.begin(), common.end());
  return table(own);
}

// An option of the command's own shows its three names.
std::string twins(const Command& command) {
  for (const Option& option : config::options()) {
    if (!option.is_for(command.id) || option.reach < Reach::kFile) continue;
    const std::string key = "\"" + option.key() + "\"";
    const bool is_router = option.reach == Reach::kServeSection;
    return "Most of the first group have twins in the environment and the configuration file: " +
           option.flag() + ",\n" + option.variable() + ", " +
           (is_router ? key + " within \"serve\"" : key) +
           ". Flags go first, then the environment, then the file.\n";
  }
  return "";
}

}  // namespace

std::string program_help(std::span<const Command> commands) {
  std::vector<Row> rows;
  for (const Command& command : commands) {
    const std::string arguments = command.arguments.empty() ? "" : " ";
    rows.push_back({std::string(command.name) + arguments + std::string(command.arguments),
                    std::string(command.summary)});
  }
  return "mindmeld forwards a port between two machines that cannot reach each other, through a\n"
         "router that both can reach.\n\n"
         "usage: mindmeld COMMAND [FLAGS]\n\n" +
         table(rows) +
         "\nTry it, in three terminals:\n"
         "  mindmeld router\n"
         "  mindmeld share web=3000\n"
         "  mindmeld connect web=8080\n\n"
         "Settings are read from ~/.config/mindmeld/config.json too, and the services to share "
         "and\n"
         "to connect to from ./mindmeld.json.\n\n"
         "mindmeld help COMMAND says more, mindmeld completion SHELL completes such lines in your\n"
         "shell, and mindmeld --version prints the version.\n";
}

std::string command_help(const Command& command) {
  const std::string arguments =
      command.arguments.empty() ? "" : " " + std::string(command.arguments);
  return "usage: mindmeld " + std::string(command.name) + arguments + " [FLAGS]\n\n" +
         std::string(command.about) + "\nexamples:\n" + std::string(command.examples) +
         "\nflags:\n" + options_table(command) + "\n" + twins(command);
}

}  // namespace mm::cli
