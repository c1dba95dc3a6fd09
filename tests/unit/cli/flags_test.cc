// SPDX-License-Identifier: MIT
#include "cli/flags.h"

#include <doctest/doctest.h>

#include "unit/cli/fake_commands.h"

using Words = std::vector<std::string>;
using Values = decltype(mm::config::Arguments::values);
using mm::cli::parse_flags;

namespace {

mm::config::Arguments parsed(const Words& words, size_t command = 0) {
  const auto arguments = parse_flags(FakeCommands().table[command], words);
  REQUIRE(arguments.ok());
  return *arguments;
}

std::string error_of(const Words& words, size_t command = 0) {
  const auto arguments = parse_flags(FakeCommands().table[command], words);
  return arguments.ok() ? "(none)" : mm::base::message(arguments.status());
}

}  // namespace

TEST_CASE("flags: values and switches are told apart from arguments, wherever they stand") {
  const auto arguments =
      parsed({"web=3000", "--router", "http://a", "--json", "db=unix:/a,b", "--dial-timeout=3s"});
  CHECK(arguments.values ==
        Values{{"router", {"http://a"}}, {"json", {"true"}}, {"dial-timeout", {"3s"}}});
  CHECK(arguments.positionals == Words{"web=3000", "db=unix:/a,b"});
}

TEST_CASE("flags: short ones may stand together, and -v counts") {
  CHECK(parsed({"-vv", "-v"}).values == Values{{"verbose", {"true", "true", "true"}}});
  CHECK(parsed({"-vq"}).values == Values{{"verbose", {"true"}}, {"quiet", {"true"}}});
  CHECK(parsed({"-h"}).values == Values{{"help", {"true"}}});
}

TEST_CASE("flags: a single dash, and all that follows two, are arguments") {
  CHECK(parsed({"-", "--", "web"}).positionals == Words{"-", "web"});
  CHECK(parsed({}).positionals.empty());
}

TEST_CASE("flags: a list may be repeated, and a value may hold commas and a dash") {
  CHECK(parsed({"--listen", "1", "--listen=2,3", "--tls-cert", "-"}, 1).values ==
        Values{{"listen", {"1", "2,3"}}, {"tls-cert", {"-"}}});
  CHECK(parsed({"--dial-timeout", "-1s"}).values == Values{{"dial-timeout", {"-1s"}}});
}

TEST_CASE("flags: what is wrong is one line with the flag in it") {
  struct {
    Words words;
    const char* error;
  } rows[] = {
      {{"--ruter", "http://a"},
       "mindmeld share has no flag \"--ruter\": did you mean \"--router\"?"},
      {{"--ruter=http://secret"},
       "mindmeld share has no flag \"--ruter\": did you mean \"--router\"?"},
      {{"--xyzzy"}, "mindmeld share has no flag \"--xyzzy\": mindmeld share --help lists them"},
      {{"--listen", "7000"},
       "mindmeld share has no flag \"--listen\": mindmeld share --help lists them"},
      {{"-x"}, "mindmeld share has no flag \"-x\": mindmeld share --help lists them"},
      {{"--"}, "(none)"},
      {{"--router"}, "--router needs a value: --router URL"},
      {{"web=1", "--json", "--router"}, "--router needs a value: --router URL"},
      {{"--router", "--json"}, "--router needs a value: --router URL, and got \"--json\""},
      {{"--router=--json"}, "--router needs a value: --router URL, and got \"--json\""},
      {{"--router", "a", "--router", "b"}, "--router is given twice: leave out one"},
      {{"--router", "a", "--router", "a"}, "--router is given twice: leave out one"},
      {{"--json", "--json"}, "(none)"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.words);
    CHECK(error_of(row.words) == row.error);
  }
}

TEST_CASE("flags: a huge or broken word gives one short line, and a huge value is a value") {
  for (const std::string& word : {"--" + std::string(1 << 17, 'x'), std::string("--a\nb"),
                                  "-" + std::string(1 << 17, 'x'), std::string("-\x1b[2J")}) {
    const std::string error = error_of({word});
    CHECK(error.starts_with("mindmeld share has no flag "));
    CHECK(error.size() < 200);
    CHECK(error.find('\n') == std::string::npos);
  }
  const std::string huge(1 << 17, 'x');
  CHECK(parsed({"--router=" + huge, huge}).values == Values{{"router", {huge}}});
}
