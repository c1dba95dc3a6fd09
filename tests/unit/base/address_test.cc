// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <doctest/doctest.h>

using mm::base::Address;
using mm::base::is_loopback;

TEST_CASE("address: texts are what a user would write") {
  CHECK(Address::tcp("", 3000).text() == "localhost:3000");
  CHECK(Address::tcp("example.com", 1).text() == "example.com:1");
  CHECK(Address::tcp("::1", 8080).text() == "[::1]:8080");
  CHECK(Address::unix_socket("/run/a").text() == "unix:/run/a");
}

TEST_CASE("address: loopback is what cannot leave the machine, and no name but localhost") {
  for (const char* host :
       {"", "localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(host);
    CHECK(is_loopback(host));
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::ffff:10.0.0.1", "127.1",
                           "localhost.example.com", "127.0.0.1.example.com"}) {
    CAPTURE(host);
    CHECK(!is_loopback(host));
  }
}

TEST_CASE("address: what means nothing to another network is private") {
  for (const char* host :
       {"", "localhost", "127.0.0.2", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.0.1", "fe80::1", "fd00::1", "::ffff:10.1.2.3"}) {
    CAPTURE(host);
    CHECK(mm::base::is_private(host));
  }
  for (const char* host : {"relay.example.com", "8.8.8.8", "172.15.0.1", "172.32.0.1", "11.0.0.1",
                           "192.169.0.1", "2001:db8::1", "fe00::1", "::ffff:8.8.8.8"}) {
    CAPTURE(host);
    CHECK(!mm::base::is_private(host));
  }
}
