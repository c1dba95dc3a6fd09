// SPDX-License-Identifier: MIT
#include "net/socket_address.h"

#include <doctest/doctest.h>

using namespace mm::net;

TEST_CASE("socket address: literals are known, names are not") {
  CHECK(known_addresses("localhost", 80).size() == 2);
  CHECK(known_addresses("", 80)[1].text() == "[::1]:80");
  CHECK(known_addresses("2001:db8::1", 443)[0].text() == "[2001:db8::1]:443");
  CHECK(known_addresses("10.1.2.3", 443)[0].text() == "10.1.2.3:443");
  CHECK(known_addresses("example.com", 80).empty());
  CHECK(known_addresses("10.1.2", 80).empty());
}

TEST_CASE("socket address: a path that the kernel does not take is an error in words") {
  CHECK(SocketAddress::from_path(std::string(107, 'p'))->text() == "unix:" + std::string(107, 'p'));
  const auto too_long = SocketAddress::from_path(std::string(108, 'p'));
  CHECK(too_long.status().code() == mm::base::Code::kInvalidArgument);
  CHECK(mm::base::message(too_long.status()) == "the path of a socket has 1 to 107 bytes");
  CHECK(!SocketAddress::from_path("").ok());
}
