// SPDX-License-Identifier: MIT
#include "base/token.h"

#include <doctest/doctest.h>

#include <type_traits>

using mm::base::Token;

TEST_CASE("token: its text is 64 hex digits and parses back to the same token") {
  mm::base::SystemRandom random;
  const Token token = Token::random(random);
  CHECK(token.reveal().size() == 64);
  CHECK(Token::parse(token.reveal()) == token);
  CHECK(Token::random(random) != token);
}

TEST_CASE("token: text of another length, case or alphabet is no token") {
  for (const std::string& text :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'A'),
        std::string(64, 'g'), std::string(63, 'a') + '\0', std::string(1 << 20, 'a')}) {
    CAPTURE(text.size());
    CHECK(!Token::parse(text));
  }
}

TEST_CASE("token: it cannot be converted to text by accident") {
  CHECK(!std::is_convertible_v<Token, std::string>);
  CHECK(!std::is_convertible_v<Token, std::string_view>);
}
