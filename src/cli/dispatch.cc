// SPDX-License-Identifier: MIT
#include "cli/dispatch.h"

#include <algorithm>
#include <string_view>

#include "base/suggest.h"
#include "base/text.h"
#include "cli/completion.h"
#include "cli/flags.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "config/events.h"
#include "config/usage_error.h"

namespace mm::cli {
namespace {

using base::ExitCode;
using base::in_quotes;
using base::Status;
using base::StatusOr;
using config::usage_error;

constexpr std::string_view kVersion = "mindmeld " MM_VERSION "\n";

ExitCode print(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count <= 0) return ExitCode::kInternal;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return ExitCode::kDone;
}

bool is_help(std::string_view word) { return word == "--help" || word == "-h" || word == "help"; }

StatusOr<const Command*> find_command(std::span<const Command> commands, std::string_view name) {
  std::vector<std::string> known = {"help", "completion"};
  for (const Command& command : commands) {
    if (command.name == name) return &command;
    known.emplace_back(command.name);
  }
  if (name.starts_with('-')) {
    return usage_error("the command comes before its flags, and " + in_quotes(name) +
                       " is none: mindmeld --help lists them");
  }
  const std::string suggestion = base::did_you_mean(name, known);
  return usage_error(in_quotes(name) + " is not a command" +
                     (suggestion.empty() ? ": mindmeld --help lists them" : suggestion));
}

StatusOr<ExitCode> help(std::span<const Command> commands, const std::vector<std::string>& words,
                        Output output) {
  const bool is_manual = words.size() > 1 && words[1] == "--man";
  const size_t name = is_manual ? 2 : 1;
  if (words.size() <= name) {
    return print(output.output_fd, is_manual ? manual(commands) : program_help(commands));
  }
  if (words[name] == "completion") return print(output.output_fd, completion_help());
  const auto command = find_command(commands, words[name]);
  if (!command.ok()) return command.status();
  return print(output.output_fd, is_manual ? manual(commands, **command) : command_help(**command));
}

StatusOr<ExitCode> complete(std::span<const Command> commands,
                            const std::vector<std::string>& words, Output output) {
  if (words.size() < 2 || is_help(words[1])) return print(output.output_fd, completion_help());
  const std::string script = completion(commands, words[1]);
  if (!script.empty()) return print(output.output_fd, script);
  return usage_error("there is no completion for " + in_quotes(words[1]) +
                     ": write bash, zsh or fish");
}

StatusOr<ExitCode> run(std::span<const Command> commands, const std::vector<std::string>& words,
                       const config::Environment& environment, Output output) {
  if (words.empty() || is_help(words[0])) return help(commands, words, output);
  if (words[0] == "completion") return complete(commands, words, output);
  if (words[0] == "--version") return print(output.output_fd, kVersion);
  const auto command = find_command(commands, words[0]);
  if (!command.ok()) return command.status();
  auto arguments = parse_flags(**command, {words.begin() + 1, words.end()});
  if (!arguments.ok()) return arguments.status();
  if (arguments->values.contains("help")) return print(output.output_fd, command_help(**command));
  if (arguments->values.contains("version")) return print(output.output_fd, kVersion);
  return (*command)->main({*std::move(arguments), environment, ""});
}

// Looks at the bare words, because a command line that is wrong has no others. With NAME=- standard
// output is for data.
bool wants_events(const std::vector<std::string>& words, const config::Environment& environment) {
  const bool has_data = std::any_of(words.begin(), words.end(),
                                    [](const std::string& word) { return word.ends_with("=-"); });
  const bool is_asked =
      std::find(words.begin(), words.end(), "--json") != words.end() ||
      config::parse_switch(config::variable(environment, "MINDMELD_JSON")) == true;
  return is_asked && !has_data;
}

}  // namespace

ExitCode dispatch(std::span<const Command> commands, const std::vector<std::string>& words,
                  const config::Environment& environment, Output output) {
  const StatusOr<ExitCode> code = run(commands, words, environment, output);
  if (code.ok()) return *code;
  config::Common common;
  common.json = wants_events(words, environment);
  config::Events(common, output.output_fd, output.error_fd)
      .error("usage", base::message(code.status()));
  return ExitCode::kUsage;
}

}  // namespace mm::cli
