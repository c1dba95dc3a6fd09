// SPDX-License-Identifier: MIT
#include "config/options.h"

#include <doctest/doctest.h>

#include <set>

using namespace mm::config;

TEST_CASE("options: one name serves in three places") {
  const Option* option = find_option("tls-cert");
  REQUIRE(option != nullptr);
  CHECK(option->flag() == "--tls-cert");
  CHECK(option->variable() == "MINDMELD_TLS_CERT");
  CHECK(option->key() == "tls_cert");
  for (const Option& each : options()) {
    CAPTURE(each.name);
    CHECK(find_option(each.name) == &each);
    CHECK(find_variable(each.variable()) == (each.reach == Reach::kFlag ? nullptr : &each));
    if (each.reach >= Reach::kFile) CHECK(find_key(each.key(), each.reach) == &each);
  }
}

TEST_CASE("options: names and letters are used once, and each option has a command and a text") {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (const Option& option : options()) {
    CAPTURE(option.name);
    CHECK(names.insert(option.name).second);
    if (option.letter != 0) CHECK(letters.insert(option.letter).second);
    CHECK(option.commands != 0);
    CHECK(!option.help.empty());
    const bool is_switch = option.type == Type::kSwitch || option.type == Type::kCount;
    CHECK(option.takes_value() == !is_switch);
    if (option.reach == Reach::kServeSection) CHECK(option.is_for(kRouter));
  }
}
