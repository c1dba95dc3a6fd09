// SPDX-License-Identifier: MIT
// Which credential goes to which router.
#include "config/credentials.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "config/resolve.h"
#include "unit/scratch.h"

using namespace mm::config;
using mm::base::message;

namespace {

const std::string kPass = "mm_ann_secret";

struct World {
  using Values = decltype(Arguments::values);

  // What a list command may show to its router; an error's text.
  std::string shown(Values values, const Environment& environment = {}) const {
    const auto list = resolve_list({{std::move(values), {}}, environment, "/nonexistent"});
    if (!list.ok()) return message(list.status());
    notes = list->common.notes;
    return std::string(list->common.pass.reveal());
  }

  std::string config(const std::string& text) const { return scratch.file("c.json", text); }

  const Scratch scratch;
  const std::string file = [this] {
    const std::string path = scratch.file("pass", kPass + "\n");
    chmod(path.c_str(), 0600);
    return path;
  }();
  mutable std::vector<std::string> notes;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("pass: it may be given by a flag, a variable, a variable's file and the configuration") {
  const World world;
  CHECK(world.shown({}) == "");
  CHECK(world.shown({{"pass-file", {world.file}}}) == kPass);
  CHECK(world.shown({}, {{"MINDMELD_PASS", kPass}}) == kPass);
  CHECK(world.shown({}, {{"MINDMELD_PASS_FILE", world.file}}) == kPass);
  CHECK(world.shown({{"config", {world.config(R"({"pass_file": "pass"})")}}}) == kPass);
  CHECK(world.notes.empty());
}

TEST_CASE("pass: a flag goes before a variable, and two variables are one too many") {
  const World world;
  CHECK(world.shown({{"pass-file", {world.file}}}, {{"MINDMELD_PASS", "other"}}) == kPass);
  CHECK(world.shown({}, {{"MINDMELD_PASS", kPass}, {"MINDMELD_PASS_FILE", world.file}}) ==
        "MINDMELD_PASS and MINDMELD_PASS_FILE exclude each other: unset one");
  const std::string config = world.config(R"({"pass_file": "nothing"})");
  CHECK(world.shown({{"config", {config}}}, {{"MINDMELD_PASS", kPass}}) == kPass);
}

TEST_CASE("pass: flag and environment together are one source, and a file is another") {
  const World world;
  const std::string both = world.config(R"({"router": "https://a.example", "pass_file": "pass"})");
  const Environment by_variable = {{"MINDMELD_PASS", kPass}};

  CHECK(world.shown({{"config", {both}}}) == kPass);
  CHECK(world.shown({{"router", {"https://a.example"}}}, by_variable) == kPass);
  CHECK(world.shown({{"pass-file", {world.file}}}, {{"MINDMELD_ROUTER", "https://a.example"}}) ==
        kPass);

  // The file's pass, to the router that it names, whoever says so; and to no other.
  CHECK(world.shown({{"config", {both}}, {"router", {"https://A.example:443"}}}) == kPass);
  CHECK(world.notes.empty());
  for (const std::string other : {"https://b.example", "https://a.example:444", "127.0.0.1"}) {
    CAPTURE(other);
    CHECK(world.shown({{"config", {both}}, {"router", {other}}}) == "");
    REQUIRE(world.notes.size() == 1);
    CHECK(has(world.notes[0], "c.json:1: \"pass_file\" is not for http"));
    CHECK(has(world.notes[0], "which is asked without one"));
  }
  CHECK(world.shown({{"config", {both}}}, {{"MINDMELD_ROUTER", "https://b.example"}}) == "");
  const std::string alone = world.config(R"({"pass_file": "pass"})");
  CHECK(world.shown({{"config", {alone}}, {"router", {"https://b.example"}}}) == "");

  // The command line's, to a router that only a file names: not without a word.
  const std::string router = world.config(R"({"router": "https://a.example"})");
  CHECK(has(world.shown({{"config", {router}}}, by_variable),
            "c.json:1: \"router\": add --router https://a.example"));
  CHECK(has(world.shown({{"config", {router}}, {"pass-file", {world.file}}}),
            "--pass-file is for a router that is named beside it"));
}

TEST_CASE("pass: it goes in clear to this machine alone, unless that is meant") {
  const World world;
  const Environment by_variable = {{"MINDMELD_PASS", kPass}};
  for (const std::string url : {"http://127.0.0.1:1", "http://[::1]:1", "http://localhost",
                                "https://a.example", "a.example"}) {
    CAPTURE(url);
    CHECK(world.shown({{"router", {url}}}, by_variable) == kPass);
  }
  const auto refused = world.shown({{"router", {"http://a.example"}}}, by_variable);
  CHECK(refused ==
        "your pass would go to http://a.example in clear, for all on the way to read: "
        "use https://, or add --plaintext if that is meant");
  CHECK(world.shown({{"router", {"http://a.example"}}, {"plaintext", {"true"}}}, by_variable) ==
        kPass);
  // What a file allows the router that runs here is not for this.
  const std::string serve = world.config(
      R"({"router": "http://a.example", "pass_file": "pass", "serve": {"plaintext": true}})");
  CHECK(has(world.shown({{"config", {serve}}}), "in clear"));
}

TEST_CASE("pass: a file that holds none is told, and so is a text that is none") {
  const World world;
  const auto with_file = [&](const std::string& text, mode_t mode) {
    const std::string path = world.scratch.file("other", text);
    chmod(path.c_str(), mode);
    return world.shown({{"pass-file", {path}}});
  };
  CHECK(has(with_file("", 0600), "it is empty"));
  CHECK(has(with_file("a\nb\n", 0600), "more than one line"));
  CHECK(has(with_file(kPass, 0644), "chmod 600"));
  CHECK(has(with_file("two words", 0600), "this is no pass"));
  CHECK(has(world.shown({{"pass-file", {"/nonexistent/pass"}}}), "No such file"));
  CHECK(world.shown({}, {{"MINDMELD_PASS", ""}}) ==
        "MINDMELD_PASS is set but empty: give it a value, or unset it");
  for (const std::string text : {"a b", "a\nb", "gr\xc3\xbc\xc3\x9f"}) {
    CHECK(has(world.shown({}, {{"MINDMELD_PASS", text}}), "this is no pass"));
  }
}

TEST_CASE("pass: a router reads none, and none is needed to make one") {
  const Scratch scratch;
  const std::string config = scratch.file("c.json", R"({"pass_file": "/nonexistent"})");
  CHECK(resolve_router({{{{"config", {config}}}, {}}, {}, "/nonexistent"}).ok());
  const auto made = resolve_router(
      {{{{"new-pass", {"ann"}}, {"auth-file", {"p.json"}}, {"listen", {"0.0.0.0:1"}}}, {}},
       {},
       "/nonexistent"});
  REQUIRE(made.ok());
  CHECK(made->new_pass == "ann");
  CHECK(made->auth_file == "p.json");
}

TEST_CASE("credentials: an identity command is for its own router alone, behind TLS") {
  const World world;
  const auto command = [&](World::Values values, const Environment& environment = {}) {
    const auto list = resolve_list({{std::move(values), {}}, environment, "/nonexistent"});
    if (!list.ok()) return message(list.status());
    world.notes = list->common.notes;
    return list->common.identity_command;
  };
  const std::string both =
      world.config(R"({"router": "https://a.example", "identity_command": "token a"})");
  CHECK(command({{"config", {both}}}) == "token a");
  CHECK(command({{"config", {both}}, {"router", {"https://b.example"}}}).empty());
  REQUIRE(world.notes.size() == 1);
  CHECK(has(world.notes[0], "the identity command of "));
  CHECK(command({{"router", {"https://b.example"}}}, {{"MINDMELD_IDENTITY_COMMAND", "token b"}}) ==
        "token b");
  CHECK(has(command({{"config", {both}}, {"identity-command", {"token c"}}}), "named beside it"));
  CHECK(has(command({{"identity-command", {"token c"}}}), "name it with --router URL"));
  CHECK(has(command({{"identity-command", {"x"}}, {"router", {"http://a.example"}}}), "https://"));
}
