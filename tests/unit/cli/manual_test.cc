// SPDX-License-Identifier: MIT
#include "cli/manual.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "cli/commands.h"
#include "unit/cli/fake_commands.h"

using namespace mm::cli;

namespace {

bool says(const std::string& page, const std::string& text) {
  return page.find(text) != std::string::npos;
}

// As roff has it.
std::string with_minus(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '-' ? std::string("\\-") : std::string(1, c);
  return result;
}

void check_sections(const std::string& page, const std::vector<std::string>& sections) {
  size_t at = 0;
  for (const std::string& section : sections) {
    CAPTURE(section);
    const size_t found = page.find("\n.SH " + section + "\n", at);
    REQUIRE(found != std::string::npos);
    at = found + 1;
  }
}

}  // namespace

TEST_CASE("manual: each page has the sections that people look for, in their order") {
  check_sections(manual(commands()),
                 {"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "CONFIGURATION", "ENVIRONMENT",
                  "FILES", "EXIT STATUS", "SEE ALSO"});
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    check_sections(manual(commands(), command), {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS",
                                                 "EXAMPLES", "FILES", "EXIT STATUS", "SEE ALSO"});
  }
}

TEST_CASE("manual: what goes on until a signal says what each does") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    const std::string page = manual(commands(), command);
    const bool goes_on = command.name != "list" && command.name != "doctor";
    CHECK(says(page, "\n.SH SIGNALS\n") == goes_on);
    CHECK(says(page, "\\fBSIGHUP\\fR") == goes_on);
  }
}

TEST_CASE("manual: a command's page has every option that is its, with all its names") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    const std::string page = manual(commands(), command);
    for (const mm::config::Option& option : mm::config::options()) {
      CAPTURE(option.name);
      CHECK(says(page, "\\fB" + with_minus(option.flag()) + "\\fR") == option.is_for(command.id));
      if (!option.is_for(command.id)) continue;
      const bool is_in_environment = option.reach >= mm::config::Reach::kEnvironment;
      const bool is_in_file = option.reach >= mm::config::Reach::kFile;
      CHECK(says(page, "Also \\fB" + option.variable() + "\\fR") == is_in_environment);
      CHECK(says(page, "\\fB\"" + option.key() + "\"\\fR") == is_in_file);
    }
  }
}

TEST_CASE("manual: the files that a command's options are about are among its FILES") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    const std::string page = manual(commands(), command);
    const bool is_its = mm::config::find_option("keyring")->is_for(command.id);
    CHECK(says(page, "\\fB\\(ti/.config/mindmeld/keyring\\fR") == is_its);
  }
}

TEST_CASE("manual: an option is told as a sentence, with its value and its default") {
  const FakeCommands commands;
  const std::string page = manual(commands.table, commands.table[1]);
  CHECK(says(page,
             ".TP\n\\fB\\-\\-listen\\fR \\fIHOST:PORT\\fR...\n"
             "Where to listen; may be repeated. Default: 127.0.0.1:6353.\n"
             ".br\nAlso \\fBMINDMELD_LISTEN\\fR, \\fB\"listen\"\\fR within \"serve\".\n"));
  CHECK(says(page, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nPrint this.\n"));
}

TEST_CASE("manual: the overview has every command, and each page leads to the others") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    const std::string name = "\\fBmindmeld\\-" + std::string(command.name) + "\\fR(1)";
    const std::string overview = manual(commands());
    CHECK(says(overview, ".TP\n" + name + "\n" + with_minus(command.summary)));
    CHECK(says(overview.substr(overview.find("SEE ALSO")), name));
    for (const Command& other : commands()) {
      CHECK(says(manual(commands(), other), name) == (other.name != command.name));
    }
  }
}

TEST_CASE("manual: what roff would take for its own stands for itself") {
  const Command command{"share",
                        "[NAME=]TARGET...",
                        "it's a 'name'",
                        "Ends with a \\.\n.SH is no order, ~ no space, ^ no accent, ` no quote.\n",
                        "  mindmeld share 'a-b'\n",
                        mm::config::kShare,
                        {}};
  const std::string page = manual({&command, 1}, command);
  CHECK(says(page,
             "Ends with a \\(rs.\n\\&.SH is no order, \\(ti no space, \\(ha no accent, "
             "\\(ga no quote.\n"));
  CHECK(says(page, ".EX\n  mindmeld share \\(aqa\\-b\\(aq\n.EE\n"));
  CHECK(says(page, " \\- it\\(aqs a \\(aqname\\(aq\n"));
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(!line.empty());
    CHECK(line.front() != '\'');
  }
}
