// SPDX-License-Identifier: MIT
#include "cli/help.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "cli/commands.h"

using namespace mm::cli;

namespace {

constexpr size_t kColumnsMost = 100;
constexpr size_t kLinesMost = 40;  // reads in half a minute

void check_page(const std::string& page) {
  std::istringstream lines(page);
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    CAPTURE(line);
    CHECK(line.size() <= kColumnsMost);
    CHECK((line.empty() || line.back() != ' '));
  }
  CHECK(count <= kLinesMost);
  CHECK(page.find("usage: mindmeld ") != std::string::npos);
  CHECK(page.ends_with('\n'));
}

}  // namespace

TEST_CASE("help: each page fits a terminal") {
  check_page(program_help(commands()));
  for (const Command& command : commands()) check_page(command_help(command));
}

TEST_CASE("help: the program's page has every command") {
  const std::string page = program_help(commands());
  for (const Command& command : commands()) {
    CHECK(page.find("\n  " + std::string(command.name)) != std::string::npos);
    CHECK(page.find(command.summary) != std::string::npos);
  }
}

TEST_CASE("help: a command's page has every option that is its, no other, and two examples") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    const std::string page = command_help(command);
    for (const mm::config::Option& option : mm::config::options()) {
      CAPTURE(option.name);
      const std::string value = option.takes_value() ? " " + std::string(option.value_name) : " ";
      const bool is_there = page.find("  " + option.flag() + value) != std::string::npos ||
                            page.find(", " + option.flag() + value) != std::string::npos;
      CHECK(is_there == option.is_for(command.id));
    }
    CHECK(std::count(command.examples.begin(), command.examples.end(), '\n') >= 2);
    CHECK(command.examples.find("mindmeld " + std::string(command.name)) != std::string::npos);
  }
}
