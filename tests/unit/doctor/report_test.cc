// SPDX-License-Identifier: MIT
#include "doctor/report.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "doctor/context.h"

using namespace mm;
using base::ExitCode;
using doctor::Report;

namespace {

// What a report prints.
std::string said(const config::Common& common, Report::Look look,
                 const std::function<void(Report&)>& how) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Report report(common, look, ends[1]);
  how(report);
  close(ends[1]);
  std::string text(4'096, '\0');
  text.resize(static_cast<size_t>(read(ends[0], text.data(), text.size())));
  close(ends[0]);
  return text;
}

void find_two_causes(Report& report) {
  report.good("tcp", "answers");
  report.bad("pass", "wrong\033[2J", "get another", ExitCode::kNotAllowed);
  report.untold("proxy", "not used");
  report.bad("target", "down", "start it", ExitCode::kTargetRefused);
  CHECK(report.verdict() == ExitCode::kNotAllowed);
}

}  // namespace

TEST_CASE("report: the first cause decides, and a terminal gets what it can show") {
  CHECK(said({}, {.has_ticks = true, .has_colours = false}, find_two_causes) ==
        "✓ tcp          answers\n"
        "✗ pass         wrong\\x1b[2J\n"
        "               → get another\n"
        "- proxy        not used\n"
        "✗ target       down\n"
        "               → start it\n"
        "the first cause: pass\n");
  CHECK(said({}, {}, [](Report& report) { report.good("tcp", "answers"); }) ==
        "ok tcp          answers\n");
  CHECK(said({}, {.has_ticks = true, .has_colours = true}, [](Report& report) {
          report.good("tcp", "answers");
        }) == "\033[32m✓\033[0m tcp          answers\n");
}

TEST_CASE("report: a terminal's lines are broken between words, below where the text begins") {
  const auto find = [](Report& report) {
    report.good("tcp", "answers within the blink of an eye and less");
    report.bad("name", "https://relay.example.com/is-not-broken",
               "is the name of it written right?", ExitCode::kRouterUnreachable);
  };
  const auto at = [&](size_t columns) {
    return said({}, {.has_ticks = true, .has_colours = false, .columns = columns}, find);
  };
  CHECK(at(47) ==
        "✓ tcp          answers within the blink of an\n"
        "               eye and less\n"
        "✗ name         https://relay.example.com/is-not-broken\n"
        "               → is the name of it written\n"
        "                 right?\n");
  const std::string unbroken =
      "✓ tcp          answers within the blink of an eye and less\n"
      "✗ name         https://relay.example.com/is-not-broken\n"
      "               → is the name of it written right?\n";
  CHECK(at(200) == unbroken);
  CHECK(at(20) == unbroken);
}

TEST_CASE("report: what takes a while stands on a terminal until it is known") {
  const auto wait = [](Report& report) {
    report.waiting("streams", "watched");
    report.good("streams", "lived");
  };
  CHECK(said({}, {.has_ticks = true, .has_colours = false, .columns = 80}, wait) ==
        "… streams      watched\n\033[A\033[K✓ streams      lived\n");
  CHECK(said({}, {.has_ticks = true}, wait) == "✓ streams      lived\n");
}

TEST_CASE("report: quiet tells what failed alone") {
  config::Common quiet;
  quiet.verbosity = -1;
  CHECK(said(quiet, {}, [](Report& report) {
          report.good("tcp", "answers");
          report.untold("proxy", "not used");
          report.bad("grpc", "no router", "look there", ExitCode::kRouterUnreachable);
          report.verdict();
        }) == "!! grpc         no router\n                -> look there\nthe first cause: grpc\n");
}

TEST_CASE("report: for a program an object a line, and what was not tried is neither") {
  config::Common common;
  common.json = true;
  CHECK(said(common, {},
             [](Report& report) {
               report.untold("clock", "not said");
               report.bad("tls", "expired", "renew it", ExitCode::kRouterUnreachable);
               report.verdict();
             }) ==
        "{\"event\":\"check\",\"name\":\"clock\",\"ok\":null,\"what\":\"not said\"}\n"
        "{\"event\":\"check\",\"name\":\"tls\",\"ok\":false,\"what\":\"expired\","
        "\"remedy\":\"renew it\"}\n"
        "{\"event\":\"verdict\",\"ok\":false,\"cause\":\"tls\",\"exit_code\":5}\n");
}

TEST_CASE("report: a duration is told as people say it") {
  using namespace std::chrono_literals;
  CHECK(doctor::text_of(120us) == "0.12 ms");
  CHECK(doctor::text_of(2'345us) == "2.3 ms");
  CHECK(doctor::text_of(80ms) == "80 ms");
  CHECK(doctor::text_of(5'040ms) == "5.0 s");
  CHECK(doctor::text_of(24h) == "24 h");
}
