// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include <doctest/doctest.h>

#include <string>

#include "cli/commands.h"
#include "unit/cli/fake_commands.h"

using namespace mm::cli;
using mm::config::Option;
using mm::config::options;

namespace {

bool contains(const std::string& script, const std::string& text) {
  return script.find(text) != std::string::npos;
}

// From `begin` up to the next `end`.
std::string part(const std::string& script, const std::string& begin, const std::string& end) {
  const size_t first = script.find(begin);
  if (first == std::string::npos) return "";
  return script.substr(first, script.find(end, first) - first);
}

}  // namespace

TEST_CASE("completion: bash and zsh know the flags of each command, and no other") {
  const std::string bash = completion(commands(), "bash"), zsh = completion(commands(), "zsh");
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    const std::string name(command.name);
    const std::string in_bash = part(bash, "\n      " + name + ") candidates='", ";;");
    const std::string in_zsh = part(zsh, "\n    " + name + ")\n      _arguments", ";;");
    for (const Option& option : options()) {
      CAPTURE(option.name);
      const std::string flag = option.flag();
      const bool is_in_bash = contains(in_bash, flag + " ") || contains(in_bash, flag + "'");
      CHECK(is_in_bash == option.is_for(command.id));
      const std::string in_brackets = (option.takes_value() ? "=[" : "[");
      CHECK(contains(in_zsh, flag + in_brackets) == option.is_for(command.id));
    }
  }
}

TEST_CASE("completion: fish knows for which commands each flag is") {
  const FakeCommands fake;
  const std::string script = completion(fake.table, "fish");
  CHECK(contains(script, "_from share router' -l plaintext -d 'do without"));
  CHECK(contains(script, "_from router' -l tls-cert -r -F -d 'serve TLS"));
  CHECK(contains(script, "_from share' -l grace -x -d 'how long"));
  CHECK(contains(script, "_from share router' -l verbose -s v -d 'say more"));
  for (const Option& option : options()) {
    CHECK(contains(script, " -l " + std::string(option.name) + " "));
  }
}

TEST_CASE("completion: in each shell a command line begins with a command, help or completion") {
  const FakeCommands fake;
  CHECK(contains(completion(fake.table, "bash"), "'share router help completion --help"));
  CHECK(contains(completion(fake.table, "zsh"), "    'share:offer a port'\n"));
  CHECK(contains(completion(fake.table, "fish"), " -a share -d 'offer a port'\n"));
  for (const std::string_view shell : kShells) {
    CHECK(contains(completion(fake.table, shell), "completion"));
    CHECK(contains(std::string(completion_help()), std::string(shell)));
  }
}

TEST_CASE("completion: what a shell would take for its own stands for itself") {
  const Command command{
      "share", "", "it's [a\\b]: c", "About.\n", "  mindmeld share\n", mm::config::kShare, {}};
  const std::span<const Command> commands(&command, 1);
  CHECK(contains(completion(commands, "fish"), " -d 'it\\'s [a\\\\b]: c'\n"));
  CHECK(contains(completion(commands, "zsh"), "'share:it'\\''s [a\\b]: c'\n"));
  CHECK(contains(completion(commands, "zsh"), "instead of the system'\\''s]:FILE:_files"));
  CHECK(contains(completion(commands, "zsh"), "[say more; twice\\: much more]"));
}

TEST_CASE("completion: nothing is left of what the tables fill in") {
  for (const std::string_view shell : kShells) {
    const std::string script = completion(commands(), shell);
    for (const char* name : {"COMMANDS@", "FLAGS@", "FLAGS=@", "SHELLS@"}) {
      CHECK_FALSE(contains(script, name));
    }
  }
}

TEST_CASE("completion: another shell has none") { CHECK(completion(commands(), "csh").empty()); }
