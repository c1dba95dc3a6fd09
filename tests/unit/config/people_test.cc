// SPDX-License-Identifier: MIT
#include "config/people.h"

#include <doctest/doctest.h>

using namespace mm::config;
using mm::base::Code;
using mm::base::message;

namespace {

const std::string kHash(64, 'a');
const std::string kOtherHash(64, 'b');

std::array<uint8_t, 32> digest(uint8_t byte) {
  std::array<uint8_t, 32> all;
  all.fill(byte);
  return all;
}

std::string people_error(const std::string& text) {
  const auto people = parse_people(text, "people.json");
  return people.ok() ? "(none)" : message(people.status());
}

std::string person_error(const std::string& members) {
  return people_error("{\"people\": [\n{" + members + "}]}");
}

}  // namespace

TEST_CASE("people: each has an id and a pass, and may do everything unless it says less") {
  const auto people = parse_people(R"({
    // the team
    "people": [
      {"id": "ann", "sha256": ")" + kHash +
                                       R"("},
      {"id": "bob.b-1", "verbs": ["connect", "list"], "names": ["web", "ann-*"],
       "sha256": [")" + kHash + R"(", ")" +
                                       kOtherHash + R"("], "expires": "2027-01-31T08:30:05Z"},
      {"id": "eve", "verbs": [], "names": [], "sha256": ")" +
                                       kHash + R"(", "expires": "1970-01-02"}
    ]})",
                                   "people.json");
  REQUIRE(people.ok());
  REQUIRE(people->size() == 3);
  CHECK((*people)[0] == Person{.id = "ann", .passes = {digest(0xaa)}, .expires_s = {}});
  CHECK((*people)[1] == Person{.id = "bob.b-1",
                               .verbs = kMayConnect | kMayList,
                               .names = {"web", "ann-*"},
                               .passes = {digest(0xaa), digest(0xbb)},
                               .expires_s = 1'801'384'205});
  CHECK((*people)[2].verbs == 0);
  CHECK((*people)[2].names.empty());
  CHECK((*people)[2].expires_s == 86'400);
  CHECK(parse_people(R"({"people": []})", "f")->empty());
}

TEST_CASE("people: what somebody may do is their verbs with names that their globs fit") {
  const Person bob{.id = "bob",
                   .verbs = kMayConnect | kMayList,
                   .names = {"web", "ann-*"},
                   .passes = {},
                   .expires_s = {}};
  CHECK(bob.may(kMayConnect, "web"));
  CHECK(bob.may(kMayList, "ann-3000"));
  CHECK_FALSE(bob.may(kMayShare, "web"));
  CHECK_FALSE(bob.may(kMayConnect, "db"));
  CHECK_FALSE(bob.may(kMayConnect, "ann"));
  CHECK_FALSE(Person{.id = "x", .names = {}, .passes = {}, .expires_s = {}}.may(kMayShare, "web"));
}

TEST_CASE("people: a glob fits a whole name") {
  struct {
    const char* glob;
    const char* name;
    bool fits;
  } rows[] = {
      {"*", "web", true},      {"web", "web", true},       {"web", "web2", false},
      {"web", "we", false},    {"web*", "web", true},      {"*web", "myweb", true},
      {"*web", "webs", false}, {"a*b*c", "axxbxxc", true}, {"a*b*c", "axxbxx", false},
      {"?", "a", true},        {"?", "", false},           {"a?c", "abc", true},
      {"a?c", "ac", false},    {"*a*a*a*", "aa", false},   {"**", "x", true},
      {"a-*", "a-", true},     {"*-?", "a-b-c", true},     {"", "a", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.glob);
    CAPTURE(row.name);
    CHECK(matches(row.glob, row.name) == row.fits);
  }
  CHECK_FALSE(matches(std::string(31, '*') + "b", std::string(100'000, 'a')));
}

TEST_CASE("people: what is wrong is told with its file and line") {
  const std::string sha = R"(, "sha256": ")" + kHash + R"(")";
  CHECK(people_error("[]") == "people.json:1: the file must hold one { object }");
  CHECK(people_error("{}") == "people.json:1: the file must have a list: { \"people\": [] }");
  CHECK(people_error(R"({"people": {}})") ==
        "people.json:1: the file must have a list: { \"people\": [] }");
  CHECK(people_error(R"({"peple": []})") ==
        "people.json:1: \"peple\" is not a key: did you mean \"people\"?");
  CHECK(people_error("{\"people\": [\n1]}") == "people.json:2: a person must be an { object }");
  CHECK(people_error(R"({"people": [], "people": []})") ==
        "people.json:1: \"people\" is there twice: leave out one");
  CHECK(person_error("") ==
        "people.json:2: a person needs an \"id\": mindmeld router --auth-file FILE --new-pass ID "
        "makes it");
  CHECK(person_error(R"("id": "ann")") ==
        "people.json:2: \"ann\" needs the \"sha256\" of a pass: "
        "mindmeld router --auth-file FILE --new-pass ID makes it");
  CHECK(person_error(R"("id": "ann", "sha256": [])") ==
        "people.json:2: \"ann\" needs the \"sha256\" of a pass: "
        "mindmeld router --auth-file FILE --new-pass ID makes it");
  CHECK(person_error(R"("id": "Ann")" + sha) ==
        "people.json:2: \"Ann\" cannot be a person's id: use a-z, 0-9, '.', '_' and '-', at most "
        "63, beginning with a letter or digit");
  CHECK(person_error(R"("id": 7)" + sha).starts_with("people.json:2: \"\" cannot be"));
  CHECK(person_error(R"("id": "ann", "verb": ["list"])" + sha) ==
        "people.json:2: \"verb\" is not a key: did you mean \"verbs\"?");
  CHECK(person_error(R"("id": "ann", "verbs": ["admin"])" + sha) ==
        "people.json:2: \"admin\" is no verb: write share, connect or list");
  CHECK(person_error(R"("id": "ann", "verbs": "list")" + sha) ==
        "people.json:2: \"verbs\" must be a list of strings");
  CHECK(person_error(R"("id": "ann", "names": ["we b"])" + sha) ==
        "people.json:2: \"we b\" fits no service: write a name, in which * stands for any text "
        "and ? for any character");
  for (const char* hash : {"\"\"", "\"AA\"", "7", "[7]", "\"mm_ann_secret\""}) {
    CAPTURE(hash);
    CHECK(person_error(R"("id": "ann", "sha256": )" + std::string(hash))
              .starts_with("people.json:2: \"sha256\" must be"));
  }
  for (const char* time : {"\"\"", "\"2027-02-30\"", "\"2027-01-31T25:00:00Z\"", "20270131",
                           "\"2027-01-31T08:00:00+01\"", "\"tomorrow\"", "\"2027-1-31\""}) {
    CAPTURE(time);
    CHECK(person_error(R"("id": "ann", "expires": )" + std::string(time) + sha) ==
          "people.json:2: \"expires\" must be as \"2027-01-31\" or \"2027-01-31T08:00:00Z\"");
  }
  CHECK(people_error("{\"people\": [{\"id\": \"a\"" + sha + "},\n{\"id\": \"a\"" + sha + "}]}") ==
        "people.json:2: \"a\" is there twice");
}

TEST_CASE("people: one more is added where the list ends, and nothing else changes") {
  const std::string ann = R"({"id": "ann", "sha256": ")" + kHash + R"("})";
  const std::string texts[] = {
      "",
      " \n",
      R"({"people": []})",
      "{\n  // nobody yet ]\n  \"people\": [\n  ]\n}\n",
      "{\"people\": [" + ann + "]}",
      "{\n  \"people\": [\n    " + ann + " // leaves in May ]\n  ]  // the end ]\n}\n",
      "{\"people\": [" + ann + " /* ] */ ] /* ] */ }",
  };
  for (const std::string& text : texts) {
    CAPTURE(text);
    const auto longer = add_person(text, "people.json", "bob", digest(0xbb));
    REQUIRE(longer.ok());
    const auto people = parse_people(*longer, "people.json");
    REQUIRE(people.ok());
    CHECK(people->size() == (text.find("ann") == std::string::npos ? 1 : 2));
    CHECK(people->back() == Person{.id = "bob", .passes = {digest(0xbb)}, .expires_s = {}});
    for (const char* comment : {"// nobody yet ]", "// leaves in May ]", "// the end ]"}) {
      const auto has = [&](const std::string& all) { return all.find(comment) != all.npos; };
      CHECK(has(*longer) == has(text));
    }
    const auto third = add_person(*longer, "people.json", "carol", digest(0xcc));
    REQUIRE(third.ok());
    CHECK(parse_people(*third, "people.json")->size() == people->size() + 1);
  }
  CHECK(*add_person("{\"people\": [" + ann + "]}", "f", "bob", digest(0xbb)) ==
        "{\"people\": [" + ann + ",\n    {\"id\": \"bob\", \"verbs\": [\"share\", \"connect\", " +
            "\"list\"], \"names\": [\"*\"],\n     \"sha256\": \"" + kOtherHash + "\"}\n  ]}");
}

TEST_CASE("people: nobody is added twice, under a bad id, or to a file that cannot be read") {
  const std::string text = R"({"people": [{"id": "ann", "sha256": ")" + kHash + R"("}]})";
  const auto twice = add_person(text, "people.json", "ann", digest(1));
  CHECK(twice.status().code() == Code::kAlreadyExists);
  CHECK(message(twice.status()).starts_with("people.json has \"ann\" already"));
  CHECK_FALSE(add_person(text, "people.json", "A N", digest(1)).ok());
  CHECK_FALSE(add_person("", "people.json", "", digest(1)).ok());
  CHECK(message(add_person("{", "people.json", "bob", digest(1)).status())
            .starts_with("people.json:1: this is not JSON"));
}
