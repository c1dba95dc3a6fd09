// SPDX-License-Identifier: MIT
#include "config/json.h"

#include <doctest/doctest.h>

using namespace mm::config;
using Kind = Json::Kind;

namespace {

std::string json_error(const std::string& text) {
  const auto json = parse_json(text, "f.json");
  return json.ok() ? "(none)" : mm::base::message(json.status());
}

}  // namespace

TEST_CASE("json: members keep their order and know their line, comments are skipped") {
  const auto json = parse_json(R"({ // one
    "b": 3000,
    /* two
       lines */
    "a": [true, null, "x", -1, 2.50],
    "c":
      {}
  })",
                               "f.json");
  REQUIRE(json.ok());
  CHECK(json->keys == std::vector<std::string>{"b", "a", "c"});
  CHECK(json->items[0].kind == Kind::kNumber);
  CHECK(json->items[0].text == "3000");
  CHECK(json->items[0].line == 2);
  CHECK(json->items[1].line == 5);
  CHECK(json->items[2].line == 6);
  CHECK(dump_json(json->items[1]) == R"([true,null,"x",-1,2.50])");
}

TEST_CASE("json: a key that is there twice is named with its path") {
  CHECK(json_error("{\"a\": 1,\n \"a\": 2}") == "f.json:2: \"a\" is there twice: leave out one");
  CHECK(json_error("{\"share\":\n{\"web\": {\"x\": 1, \"x\": 1}}}") ==
        "f.json:2: \"share.web.x\" is there twice: leave out one");
  CHECK(json_error(R"({"a": {"x": 1}, "b": {"x": 1}})") == "(none)");
}

TEST_CASE("json: what is not JSON is told with its line and its place") {
  const std::string near = ": this is not JSON: something is wrong near ";
  CHECK(json_error("") == "f.json:1: this is not JSON: it ends too early");
  CHECK(json_error("{\n\"a\": 1") == "f.json:2: this is not JSON: it ends too early");
  CHECK(json_error("{\"a\": 1,}") == "f.json:1" + near + "\"{\"a\": 1,}\"");
  CHECK(json_error("{\n\"a\": yes}") == "f.json:2" + near + "\"\"a\": y\"");
  CHECK(json_error("{} {}") == "f.json:1" + near + "\"{} {\"");
  CHECK(json_error("\xff\xfe") == "f.json:1" + near + "\"\\xff\"");
  CHECK(json_error(R"({"pass": "mm_ann_MDEyMzQ1Njc4OWFiY2RlZgABAgMEBQYHCAkKCwwNDg8",})") ==
        "f.json:1" + near + R"("{"pass": "...",}")");
}

TEST_CASE("json: hostile texts give one short line") {
  CHECK(json_error(std::string(100'000, '[')) == "f.json:1: it is nested too deep");
  for (const std::string& text :
       {"\"" + std::string(1 << 20, 'x'), "{\"" + std::string(1 << 20, 'x') + "\": ]",
        std::string("{\"a\": \"") + '\x01' + "\"}", std::string("{\"a\": 1e999}")}) {
    const std::string error = json_error(text);
    CAPTURE(error);
    CHECK(error.size() < 200);
    CHECK(error.starts_with("f.json:1: "));
  }
}

TEST_CASE("json: what is written is one line, whatever the bytes are") {
  const Json json = Json::object({{"text", "a\n\"\xff"},
                                  {"count", uint64_t{18'446'744'073'709'551'615u}},
                                  {"on", true},
                                  {"list", Json::list({Json(), "x"})}});
  CHECK(dump_json(json) ==
        "{\"text\":\"a\\n\\\"\xef\xbf\xbd\",\"count\":18446744073709551615,\"on\":true,"
        "\"list\":[null,\"x\"]}");
}
