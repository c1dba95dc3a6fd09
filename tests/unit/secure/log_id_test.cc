// SPDX-License-Identifier: MIT
#include "secure/log_id.h"

#include <doctest/doctest.h>

#include <string>

#include "base/hex.h"
#include "secure/digest.h"

using namespace mm;

TEST_CASE("digest: SHA-256 of the standard's own examples") {
  // FIPS 180-2, appendix B.1; and the well-known digest of nothing.
  CHECK(base::to_hex(secure::sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(base::to_hex(secure::sha256("")) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("digest: two are equal only where every byte is") {
  secure::Digest digest = secure::sha256("abc");
  CHECK(secure::equal(digest, secure::sha256("abc")));
  digest.back() ^= 1;
  CHECK(!secure::equal(digest, secure::sha256("abc")));
}

TEST_CASE("log id: it is the first 8 hex digits of the SHA-256 of the token's text") {
  const std::string text(64, '0');  // printf '0%.0s' {1..64} | sha256sum
  CHECK(secure::log_id(*base::Token::parse(text)) == "60e05bd1");
}
