// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <doctest/doctest.h>

using mm::base::columns;
using mm::base::fitted;
using mm::base::human_bytes;
using mm::base::human_duration;
using mm::base::in_quotes;
using mm::base::printable;
using mm::base::without_secrets;
using mm::base::wrapped;

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
  CHECK(in_quotes(std::string(1 << 20, 'x')).size() == 82);
  CHECK(in_quotes(std::string(1 << 20, '\n')).size() <= 82);
}

TEST_CASE("text: bytes are told in three digits at most") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(999) == "999 B");
  CHECK(human_bytes(1'000) == "1.0 kB");
  CHECK(human_bytes(9'949) == "9.9 kB");
  CHECK(human_bytes(9'950) == "10 kB");
  CHECK(human_bytes(999'499) == "999 kB");
  CHECK(human_bytes(999'500) == "1.0 MB");
  CHECK(human_bytes(UINT64_MAX) == "18 EB");
}

TEST_CASE("text: a duration has its two largest units") {
  CHECK(human_duration(-1) == "0 s");
  CHECK(human_duration(59) == "59 s");
  CHECK(human_duration(60) == "1 min");
  CHECK(human_duration(3'599) == "59 min");
  CHECK(human_duration(3 * 3'600 + 5 * 60) == "3 h 5 min");
  CHECK(human_duration(50 * 3'600) == "2 d 2 h");
}

TEST_CASE("text: lines are broken between words, and a word is never") {
  using Lines = std::vector<std::string>;
  CHECK(wrapped("does the router run", 8) == Lines{"does the", "router", "run"});
  CHECK(wrapped("see https://relay.example.com now", 8) ==
        Lines{"see", "https://relay.example.com", "now"});
  CHECK(wrapped("grüße → dir", 9) == Lines{"grüße →", "dir"});
  CHECK(wrapped("", 8) == Lines{""});
}

TEST_CASE("text: columns are characters, and a text is cut between two of them") {
  CHECK(columns("grüße →") == 7);
  CHECK(fitted("grüße →", 3) == "grü");
  CHECK(fitted("grüße →", 80) == "grüße →");
}

TEST_CASE("text: what may be a pass or a ticket's secret is not shown") {
  const std::string secret = "MDEyMzQ1Njc4OWFiY2RlZgABAgMEBQYHCAkKCwwNDg8";
  CHECK(in_quotes("https://h/web#" + secret + "=8080") == "\"https://h/web#...=8080\"");
  CHECK(in_quotes("mm_ann_" + secret) == "\"...\"");
  CHECK(in_quotes(secret.substr(3)) == "\"...\"");
  CHECK(without_secrets("a " + secret + ", b " + secret) == "a ..., b ...");
  const std::string name = "a-name-of-somebodys-that-is-as-long-as-a-secret-and-more";
  CHECK(in_quotes(name) == '"' + name + '"');
  CHECK(in_quotes("ARatherShortName") == "\"ARatherShortName\"");
}

TEST_CASE("text: a cut leaves no piece of a pass or a ticket's secret, wherever it falls") {
  const std::string secret = "MDEyMzQ1Njc4OWFiY2RlZgABAgMEBQYHCAkKCwwNDg8";
  for (const std::string before : {"", "https://h/web#", "line\n", "a\xff"}) {
    for (const std::string after : {"", "/", "\n/and=more.behind+it"}) {
      for (size_t most = 16; most < 80; ++most) {
        CAPTURE(before);
        CAPTURE(after);
        CAPTURE(most);
        const std::string shown = without_secrets(printable(before + secret + after, most));
        CHECK(shown.size() <= most);
        CHECK(shown.find(secret[0]) == std::string::npos);
      }
    }
  }
  CHECK(printable("path/to/a-long-name", 16) == "path/to/a-lon...");
}
