// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <doctest/doctest.h>

using mm::base::printable;
using mm::base::quoted;

TEST_CASE("text: what a terminal would act on is escaped, and letters of any script are not") {
  CHECK(printable("plain text", 80) == "plain text");
  CHECK(printable("a\nb\tc\x1b[31m", 80) == "a\\x0ab\\x09c\\x1b[31m");
  CHECK(printable("grüße 你好", 80) == "grüße 你好");
  CHECK(printable("\xc2\x9b", 80) == "\\xc2\\x9b");           // a control character of Latin-1
  CHECK(printable("\xe2\x80\xae", 80) == "\\xe2\\x80\\xae");  // turns the reading direction
  CHECK(printable("\xff\xc3", 80) == "\\xff\\xc3");           // not UTF-8
}

TEST_CASE("text: a long value is cut between two characters") {
  CHECK(printable("0123456789abcdef", 16) == "0123456789abcdef");
  CHECK(printable("0123456789abcdefg", 16) == "0123456789abc...");
  CHECK(printable("0123456789abüdefg", 16) == "0123456789ab...");
  CHECK(quoted(std::string(1 << 20, 'x')).size() == 82);
  CHECK(quoted(std::string(1 << 20, '\n')).size() <= 82);
}
