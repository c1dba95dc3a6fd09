// SPDX-License-Identifier: MIT
#include "config/settings.h"

#include <doctest/doctest.h>

using namespace mm::config;
using namespace std::chrono_literals;
using mm::base::message;

namespace {

std::string environment_error(const Environment& environment) {
  const auto settings = Settings::gather({}, environment);
  return settings.ok() ? "(none)" : message(settings.status());
}

Settings with_variable(const std::string& name, const std::string& value) {
  const auto settings = Settings::gather({}, {{name, value}});
  REQUIRE(settings.ok());
  return *settings;
}

}  // namespace

TEST_CASE("settings: a flag goes before the environment, and that before the file") {
  auto settings = Settings::gather({{{"router", {"flag"}}}, {}},
                                   {{"MINDMELD_ROUTER", "env"}, {"MINDMELD_CA", "env"}});
  REQUIRE(settings.ok());
  for (const char* option : {"router", "ca", "hold"}) {
    settings->add(option, {{"file"}, Origin::kFile, "config.json"});
  }
  CHECK(settings->text("router") == "flag");
  CHECK(settings->text("ca") == "env");
  CHECK(settings->text("hold") == "file");
  CHECK(settings->find("ca")->source == "MINDMELD_CA");
  CHECK(settings->find("tls-cert") == nullptr);
  CHECK(settings->text("tls-cert").empty());
}

TEST_CASE("settings: a variable that is unknown or empty is an error, others' are not looked at") {
  CHECK(environment_error({{"MINDMELD_LOG", "info"}, {"MINDMELD_SEED", "1"}, {"HOME", ""}}) ==
        "(none)");
  CHECK(
      environment_error({{"MINDMELD_RUTER", "x"}}) ==
      "the environment variable \"MINDMELD_RUTER\" is unknown: did you mean \"MINDMELD_ROUTER\"?");
  CHECK(environment_error({{"MINDMELD_XYZZY_PLUGH", "x"}}) ==
        "the environment variable \"MINDMELD_XYZZY_PLUGH\" is unknown: "
        "unset it, or name it like a flag, as in MINDMELD_PASS_FILE");
  CHECK(environment_error({{"MINDMELD_ROUTER", ""}}) ==
        "MINDMELD_ROUTER is set but empty: give it a value, or unset it");
  CHECK(environment_error({{"MINDMELD_LOG", ""}}) ==
        "MINDMELD_LOG is set but empty: give it a value, or unset it");
  CHECK(environment_error({{"MINDMELD_HELP", "1"}}).find("is unknown") != std::string::npos);
}

TEST_CASE("settings: a flag with an empty value is an error") {
  const auto settings = Settings::gather({{{"router", {""}}}, {}}, {});
  REQUIRE(!settings.ok());
  CHECK(message(settings.status()) == "--router is empty: give it a value, or leave it out");
}

TEST_CASE("settings: a list in the environment is separated by commas") {
  CHECK(with_variable("MINDMELD_LISTEN", "127.0.0.1:1,[::1]:2").find("listen")->values ==
        std::vector<std::string>{"127.0.0.1:1", "[::1]:2"});
  CHECK(with_variable("MINDMELD_CA", "a,b").text("ca") == "a,b");
}

TEST_CASE("settings: a switch is true or false, in the words that people use") {
  for (const char* yes : {"true", "1", "yes", "on"}) {
    CHECK(*with_variable("MINDMELD_JSON", yes).is_on("json"));
  }
  for (const char* no : {"false", "0", "no", "off"}) {
    CHECK(!*with_variable("MINDMELD_JSON", no).is_on("json"));
  }
  CHECK(!*Settings::gather({}, {})->is_on("json"));
  CHECK(message(with_variable("MINDMELD_JSON", "maybe").is_on("json").status()) ==
        "MINDMELD_JSON: \"maybe\" is neither: write true or false");
}

TEST_CASE("settings: -v counts, and a number does elsewhere") {
  CHECK(*Settings::gather({{{"verbose", {"true", "true"}}}, {}}, {})->count("verbose") == 2);
  CHECK(*Settings::gather({{{"verbose", {"true"}}}, {}}, {})->count("verbose") == 1);
  CHECK(*with_variable("MINDMELD_VERBOSE", "2").count("verbose") == 2);
  CHECK(*with_variable("MINDMELD_VERBOSE", "false").count("verbose") == 0);
  CHECK(message(with_variable("MINDMELD_VERBOSE", "-1").count("verbose").status()) ==
        "MINDMELD_VERBOSE: \"-1\" is not a number from 0 to 9");
}

TEST_CASE("settings: a duration is a whole number and a unit, up to 30 days") {
  CHECK(parse_duration("0s") == 0ms);
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("10s") == 10s);
  CHECK(parse_duration("2m") == 2min);
  CHECK(parse_duration("24h") == 24h);
  CHECK(parse_duration("30d") == 720h);
  for (const char* text : {"", "10", "s", "soon", "-1s", "1.5s", "10 s", "10sec", "31d",
                           "2592000001ms", "9999999999h", "99999999999999999999s"}) {
    CAPTURE(text);
    CHECK(!parse_duration(text));
  }
}

TEST_CASE("settings: a duration that is none, or too short, is told with its source") {
  CHECK(*Settings::gather({}, {})->duration("hold", 0ms, 15s) == 15s);
  CHECK(*with_variable("MINDMELD_HOLD", "0s").duration("hold", 0ms, 15s) == 0ms);
  CHECK(message(with_variable("MINDMELD_HOLD", "0s").duration("hold", 1ms, 15s).status()) ==
        "MINDMELD_HOLD: \"0s\" is too short: the least is 1ms");
  CHECK(message(with_variable("MINDMELD_HOLD", "15").duration("hold", 1ms, 15s).status()) ==
        "MINDMELD_HOLD: \"15\" is not a duration: write 500ms, 10s, 2m, 1h or 3d, up to 30d");
  CHECK(message(with_variable("MINDMELD_HOLD", "31d").duration("hold", 1ms, 15s).status()) ==
        "MINDMELD_HOLD: \"31d\" is not a duration: write 500ms, 10s, 2m, 1h or 3d, up to 30d");
}
