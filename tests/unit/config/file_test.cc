// SPDX-License-Identifier: MIT
#include "config/file.h"

#include <doctest/doctest.h>

#include <map>

#include "unit/scratch.h"

using namespace mm::config;
using mm::base::message;

namespace {

// The error without the folder, which differs from run to run.
std::string error_in(const Scratch& scratch, const mm::base::StatusOr<File>& file) {
  if (file.ok()) return "(none)";
  std::string text = message(file.status());
  for (size_t at; (at = text.find(scratch.folder() + "/")) != std::string::npos;) {
    text.erase(at, scratch.folder().size() + 1);
  }
  return text;
}

std::string file_error(const std::string& text) {
  const Scratch scratch;
  return error_in(scratch, read_files(scratch.file("c.json", text), {}, scratch.folder()));
}

std::map<std::string, std::vector<std::string>> values_of(const File& file) {
  std::map<std::string, std::vector<std::string>> values;
  for (const auto& [name, setting] : file.settings) values[name] = setting.values;
  return values;
}

}  // namespace

TEST_CASE("file: it holds options, services in its order, and a router's section") {
  const Scratch scratch;
  const std::string path = scratch.file("c.json", R"({
    "router": "https://relay.example.com",  // ours
    "verbose": 2,
    "no_wait": true,
    "share":   { "web": 3000, "db": { "target": "localhost:5432" }, "a": "unix:/run/a" },
    "connect": { "z": 8081, "y": "127.0.0.1:0", "x": { "listen": 5433 }, "w": {} },
    "serve":   { "listen": ["127.0.0.1:6353", 7000], "tls_cert": "certs/chain.pem",
                 "tls_key": "~/key.pem" }
  })");
  const auto file = read_files(path, {{"HOME", "/home/ann"}}, "");
  REQUIRE(file.ok());
  CHECK(values_of(*file) == std::map<std::string, std::vector<std::string>>{
                                {"router", {"https://relay.example.com"}},
                                {"verbose", {"2"}},
                                {"no-wait", {"true"}},
                                {"listen", {"127.0.0.1:6353", "7000"}},
                                {"tls-cert", {scratch.folder() + "/certs/chain.pem"}},
                                {"tls-key", {"/home/ann/key.pem"}}});
  CHECK(file->settings[0].second.source == path + ":2: \"router\"");

  REQUIRE(file->share);
  REQUIRE(file->share->size() == 3);
  CHECK((*file->share)[0].name == "web");
  CHECK((*file->share)[0].target == Endpoint::tcp("", 3000));
  CHECK((*file->share)[1].target == Endpoint::tcp("localhost", 5432));
  CHECK((*file->share)[2].target == Endpoint::unix_socket("/run/a"));

  REQUIRE(file->connect);
  REQUIRE(file->connect->size() == 4);
  CHECK((*file->connect)[0].name == "z");
  CHECK((*file->connect)[0].listen == Endpoint::tcp("", 8081));
  CHECK((*file->connect)[1].listen == Endpoint::tcp("127.0.0.1", 0));
  CHECK((*file->connect)[2].listen == Endpoint::tcp("", 5433));
  CHECK(!(*file->connect)[3].listen);
}

TEST_CASE("file: an unknown key is named with its path, its line and the nearest known one") {
  const std::string like_flags = ": keys are named like flags, as in \"pass_file\"";
  CHECK(file_error("{\n\"ruter\": 1}") ==
        "c.json:2: \"ruter\" is not a key: did you mean \"router\"?");
  CHECK(file_error(R"({"shar": {}})") ==
        "c.json:1: \"shar\" is not a key: did you mean \"share\"?");
  CHECK(file_error(R"({"xyzzy": 1})") == "c.json:1: \"xyzzy\" is not a key" + like_flags);
  CHECK(file_error(R"({"tls-cert": "x"})") == "c.json:1: \"tls-cert\" is not a key" + like_flags);
  CHECK(file_error(R"({"help": true})") ==
        "c.json:1: \"help\" is not a key: did you mean \"hold\"?");
  CHECK(file_error(R"({"config": "x"})") == "c.json:1: \"config\" is not a key" + like_flags);
  CHECK(file_error(R"({"serve": {"lisen": "x"}})") ==
        "c.json:1: \"serve.lisen\" is not a key: did you mean \"listen\"?");
  CHECK(file_error(R"({"share": {"web": {"taget": 1}}})") ==
        "c.json:1: \"share.web.taget\" is not a key: did you mean \"target\"?");
  CHECK(file_error(R"({"connect": {"web": {"listen": 1, "tiket": 1}}})") ==
        "c.json:1: \"connect.web.tiket\" is not a key: write \"listen\"");
}

TEST_CASE("file: a key that is there twice is an error, in a section too") {
  CHECK(file_error(R"({"router": "a", "router": "b"})") ==
        "c.json:1: \"router\" is there twice: leave out one");
  CHECK(file_error(R"({"share": {"web": 1, "web": 2}})") ==
        "c.json:1: \"share.web\" is there twice: leave out one");
}

TEST_CASE("file: a value of the wrong kind is told with what it must be") {
  struct {
    const char* text;
    const char* error;
  } rows[] = {
      {"[]", "c.json:1: the file must hold one { object }"},
      {R"({"router": 6353})", "c.json:1: \"router\" must be a text in quotes"},
      {R"({"router": ""})", "c.json:1: \"router\" is empty: give it a value, or leave it out"},
      {R"({"json": "yes"})", "c.json:1: \"json\" must be true or false"},
      {R"({"verbose": "2"})", "c.json:1: \"verbose\" must be a number"},
      {R"({"hold": 15})", "c.json:1: \"hold\" must be a duration in quotes, as in \"10s\""},
      {R"({"serve": []})", "c.json:1: \"serve\" must be an { object }"},
      {R"({"serve": {"listen": []}})", "c.json:1: \"serve.listen\" must be a list of strings"},
      {R"({"serve": {"listen": [[]]}})", "c.json:1: \"serve.listen\" must be a list of strings"},
      {R"({"serve": {"listen": {"a": "b"}}})",
       "c.json:1: \"serve.listen\" must be a list of strings"},
      {R"({"share": ["web"]})", "c.json:1: \"share\" must be an { object } of names and targets"},
      {R"({"connect": "web"})",
       "c.json:1: \"connect\" must be an { object } of names and listeners"},
      {R"({"share": {"web": null}})",
       "c.json:1: \"share.web\" must be a port, a string, or { \"target\": ... }"},
      {R"({"share": {"web": {}}})",
       "c.json:1: \"share.web\" must be a port, a string, or { \"target\": ... }"},
      {R"({"share": {"web": {"target": {}}}})",
       "c.json:1: \"share.web\" must be a port, a string, or { \"target\": ... }"},
      {R"({"connect": {"web": true}})",
       "c.json:1: \"connect.web\" must be a port, a string, or { \"listen\": ... }"},
      {R"({"share": {"web": 70000}})",
       "c.json:1: \"share.web\": \"70000\" is not a port: ports are 1 to 65535"},
      {R"({"share": {"web": 3000.5}})",
       "c.json:1: \"share.web\": \"3000.5\" is not a target: write PORT, HOST:PORT or unix:/path"},
      {R"({"share": {"Web": 3000}})",
       "c.json:1: \"Web\" cannot be a service's name: use a-z, 0-9, '.', '_' and '-', at most 63, "
       "beginning with a letter or digit"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(file_error(row.text) == row.error);
  }
}

TEST_CASE("file: a huge or broken name gives one short line") {
  for (const std::string& key : {std::string(1 << 20, 'x'), std::string("a\\nb")}) {
    for (const std::string section : {"", "share", "connect", "serve"}) {
      const std::string member = "{\"" + key + "\": 3000}";
      const std::string error =
          file_error(section.empty() ? member : "{\"" + section + "\": " + member + "}");
      CHECK(error.size() < 250);
      CHECK(error.find('\n') == std::string::npos);
      CHECK(error.starts_with("c.json:1: "));
    }
  }
}

TEST_CASE("file: one that cannot be read is told, and one that is named must be there") {
  const Scratch scratch;
  CHECK(error_in(scratch, read_files(scratch.folder() + "/no.json", {}, "")) ==
        "cannot read the configuration file no.json: it does not exist");
  const auto folder = read_files(scratch.folder(), {}, "");
  REQUIRE(!folder.ok());
  CHECK(message(folder.status()).ends_with(": Is a directory"));
  const auto endless = read_files("/dev/zero", {}, "");
  REQUIRE(!endless.ok());
  CHECK(message(endless.status()) ==
        "cannot read the configuration file /dev/zero: it is larger than 4 MiB");
}

TEST_CASE("file: the user's own is in XDG_CONFIG_HOME, or else under HOME") {
  const Scratch scratch;
  scratch.file("xdg/mindmeld/config.json", R"({"router": "xdg"})");
  scratch.file("home/.config/mindmeld/config.json", R"({"router": "home"})");
  const std::string xdg = scratch.folder() + "/xdg";
  const std::string home = scratch.folder() + "/home";
  const auto router_of = [&](const Environment& environment) -> std::string {
    const auto file = read_files("", environment, scratch.folder());
    REQUIRE(file.ok());
    return file->settings.empty() ? "" : file->settings[0].second.values[0];
  };
  CHECK(router_of({{"XDG_CONFIG_HOME", xdg}, {"HOME", home}}) == "xdg");
  CHECK(router_of({{"HOME", home}}) == "home");
  CHECK(router_of({{"XDG_CONFIG_HOME", "relative"}, {"HOME", home}}) == "home");
  CHECK(router_of({{"XDG_CONFIG_HOME", ""}, {"HOME", home}}) == "home");
  CHECK(router_of({{"XDG_CONFIG_HOME", home}, {"HOME", home}}) == "");
  CHECK(router_of({}) == "");
}

TEST_CASE("file: a mindmeld.json in the current directory gives services, before the user's") {
  const Scratch scratch;
  scratch.file("home/.config/mindmeld/config.json",
               R"({"router": "r", "share": {"own": 1}, "connect": {"own": 1}})");
  scratch.file("project/mindmeld.json", R"({"share": {"web": 3000}})");
  const auto file =
      read_files("", {{"HOME", scratch.folder() + "/home"}}, scratch.folder() + "/project");
  REQUIRE(file.ok());
  CHECK(values_of(*file).at("router") == std::vector<std::string>{"r"});
  REQUIRE(file->share->size() == 1);
  CHECK((*file->share)[0].name == "web");
  CHECK((*file->connect)[0].name == "own");
}

TEST_CASE(
    "file: a mindmeld.json in the current directory must not name a router, or anything else") {
  const Scratch scratch;
  const auto error_with = [&](const std::string& text) {
    scratch.file("mindmeld.json", text);
    return error_in(scratch, read_files("", {}, scratch.folder()));
  };
  const std::string why =
      ", since it may be somebody else's: if it is yours, add --config mindmeld.json";
  const std::string what = "mindmeld.json:1: a mindmeld.json in the current directory must not ";
  CHECK(error_with(R"({"router": "https://evil.example.com"})") == what + "name a router" + why);
  CHECK(error_with(R"({"serve": {}})") == what + "have \"serve\"" + why);
  for (const Option& option : options()) {
    if (option.reach != Reach::kFile) continue;
    CAPTURE(option.name);
    CHECK(error_with("{\"" + option.key() + "\": 1}").starts_with(what));
  }
  CHECK(error_with(R"({"ruter": "x"})") ==
        "mindmeld.json:1: \"ruter\" is not a key: did you mean \"router\"?");
}

TEST_CASE("file: with a file that is named, no other is read") {
  const Scratch scratch;
  scratch.file("mindmeld.json", "nonsense");
  scratch.file(".config/mindmeld/config.json", "nonsense");
  const std::string named = scratch.file("named.json", R"({"router": "r"})");
  CHECK(read_files(named, {{"HOME", scratch.folder()}}, scratch.folder()).ok());
}
