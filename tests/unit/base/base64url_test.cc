// SPDX-License-Identifier: MIT
#include "base/base64url.h"

#include <doctest/doctest.h>

#include <vector>

#include "unit/seeded_random.h"

using namespace mm::base;

namespace {

std::string encoded(std::string_view text) {
  return to_base64url({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

TEST_CASE("base64url: the vectors of RFC 4648, without padding") {
  CHECK(encoded("") == "");
  CHECK(encoded("f") == "Zg");
  CHECK(encoded("fo") == "Zm8");
  CHECK(encoded("foo") == "Zm9v");
  CHECK(encoded("foob") == "Zm9vYg");
  CHECK(encoded("fooba") == "Zm9vYmE");
  CHECK(encoded("foobar") == "Zm9vYmFy");
  CHECK(encoded("\xfb\xff") == "-_8");
}

TEST_CASE("base64url: random bytes come back") {
  mm::test::SeededRandom random(1);
  for (size_t size = 0; size < 100; ++size) {
    std::vector<uint8_t> bytes(size);
    random.fill(bytes);
    const auto back = from_base64url(to_base64url(bytes));
    REQUIRE(back);
    CHECK(std::vector<uint8_t>(back->begin(), back->end()) == bytes);
  }
}

TEST_CASE("base64url: there is one text for some bytes, and no other is taken") {
  for (const char* text : {"Zg==", "Zh", "Zm9", "Z", "Zm9v ", "Zm9v\n", "Zm+v", "Zm/v", "Zm9vY"}) {
    CAPTURE(text);
    CHECK(!from_base64url(text));
  }
}
