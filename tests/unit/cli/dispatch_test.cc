// SPDX-License-Identifier: MIT
#include "cli/dispatch.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <memory>

#include "cli/completion.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "unit/cli/fake_commands.h"

using namespace mm::cli;
using mm::base::ExitCode;
using Words = std::vector<std::string>;

namespace {

// A file without a name.
class Capture {
 public:
  int fd() const { return fileno(file_.get()); }
  std::string text() const {
    std::string all;
    std::rewind(file_.get());
    for (int c; (c = std::fgetc(file_.get())) != EOF;) all += static_cast<char>(c);
    return all;
  }

 private:
  std::unique_ptr<FILE, int (*)(FILE*)> file_{std::tmpfile(), &std::fclose};
};

struct Ended {
  ExitCode code;
  std::string output;
  std::string errors;
  std::vector<mm::config::Sources> calls;
};

Ended run(const Words& words, const mm::config::Environment& environment = {}) {
  FakeCommands commands;
  const Capture output, errors;
  const ExitCode code = dispatch(commands.table, words, environment, {output.fd(), errors.fd()});
  return {code, output.text(), errors.text(), commands.calls};
}

void check_usage_error(const Words& words, const std::string& message) {
  CAPTURE(words);
  const Ended ended = run(words);
  CHECK(ended.code == ExitCode::kUsage);
  CHECK(ended.output.empty());
  CHECK(ended.errors == "mindmeld: " + message + "\n");
  CHECK(ended.calls.empty());
}

}  // namespace

TEST_CASE("dispatch: a command gets its arguments and the environment, and its exit code counts") {
  const Ended ended = run({"share", "web=3000", "--json"}, {{"USER", "ann"}});
  CHECK(ended.code == ExitCode::kNameTaken);
  REQUIRE(ended.calls.size() == 1);
  CHECK(ended.calls[0].arguments.positionals == Words{"web=3000"});
  CHECK(ended.calls[0].arguments.values.contains("json"));
  CHECK(ended.calls[0].environment.at("USER") == "ann");
  CHECK(ended.output.empty());
  CHECK(ended.errors.empty());
}

TEST_CASE("dispatch: help is on standard output, with exit code 0") {
  const FakeCommands commands;
  for (const Words& words : {Words{}, Words{"--help"}, Words{"-h"}, Words{"help"}}) {
    CAPTURE(words);
    const Ended ended = run(words);
    CHECK(ended.code == ExitCode::kDone);
    CHECK(ended.output == program_help(commands.table));
    CHECK(ended.errors.empty());
  }
  for (const Words& words : {Words{"help", "share"}, Words{"share", "--help"}, Words{"share", "-h"},
                             Words{"share", "web=x", "--help"}, Words{"--help", "share"}}) {
    CAPTURE(words);
    const Ended ended = run(words);
    CHECK(ended.code == ExitCode::kDone);
    CHECK(ended.output == command_help(commands.table[0]));
    CHECK(ended.calls.empty());
  }
}

TEST_CASE("dispatch: the manual and the completions are on standard output, with exit code 0") {
  const FakeCommands commands;
  const std::pair<Words, std::string> cases[] = {
      {{"help", "--man"}, manual(commands.table)},
      {{"help", "--man", "share"}, manual(commands.table, commands.table[0])},
      {{"completion", "zsh"}, completion(commands.table, "zsh")},
      {{"completion"}, std::string(completion_help())},
      {{"completion", "--help"}, std::string(completion_help())},
      {{"help", "completion"}, std::string(completion_help())},
  };
  for (const auto& [words, text] : cases) {
    CAPTURE(words);
    const Ended ended = run(words);
    CHECK(ended.code == ExitCode::kDone);
    CHECK(ended.output == text);
    CHECK(ended.errors.empty());
  }
}

TEST_CASE("dispatch: the version is one line") {
  for (const Words& words : {Words{"--version"}, Words{"share", "--version"}}) {
    const Ended ended = run(words);
    CHECK(ended.code == ExitCode::kDone);
    CHECK(ended.output.starts_with("mindmeld 0."));
    CHECK(ended.output.find('\n') == ended.output.size() - 1);
  }
}

TEST_CASE("dispatch: a mistyped command is a usage error with the nearest one") {
  check_usage_error({"shre", "web=3000"}, "\"shre\" is not a command: did you mean \"share\"?");
  check_usage_error({"hepl"}, "\"hepl\" is not a command: did you mean \"help\"?");
  check_usage_error({"help", "ruter"}, "\"ruter\" is not a command: did you mean \"router\"?");
  check_usage_error({"help", "--man", "ruter"},
                    "\"ruter\" is not a command: did you mean \"router\"?");
  check_usage_error({"completion", "csh"},
                    "there is no completion for \"csh\": write bash, zsh or fish");
  check_usage_error({"xyzzy"}, "\"xyzzy\" is not a command: mindmeld --help lists them");
  check_usage_error({""}, "\"\" is not a command: mindmeld --help lists them");
  check_usage_error({"--router", "share"},
                    "the command comes before its flags, and \"--router\" is none: mindmeld --help "
                    "lists them");
}

TEST_CASE("dispatch: what flags and commands refuse is a usage error of one line") {
  check_usage_error({"share", "--ruter", "x"},
                    "mindmeld share has no flag \"--ruter\": did you mean \"--router\"?");
  check_usage_error({"router"}, "the router says no");
}

TEST_CASE("dispatch: with --json an error is an event too, unless standard output is for data") {
  const std::string event = R"({"event":"error","code":"usage","message":"the router says no"})"
                            "\n";
  CHECK(run({"router", "--json"}).output == event);
  CHECK(run({"router"}, {{"MINDMELD_JSON", "1"}}).output == event);
  CHECK(run({"router", "--json"}).errors == "mindmeld: the router says no\n");
  CHECK(run({"router", "--json", "web=-"}).output.empty());
}

TEST_CASE("dispatch: help that cannot be written is a failure") {
  const std::unique_ptr<FILE, int (*)(FILE*)> full(std::fopen("/dev/full", "w"), &std::fclose);
  const FakeCommands commands;
  CHECK(dispatch(commands.table, {"--help"}, {}, {fileno(full.get()), STDERR_FILENO}) ==
        ExitCode::kInternal);
}
