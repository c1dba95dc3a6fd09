// SPDX-License-Identifier: MIT
#include "net/listening.h"

#include <doctest/doctest.h>

#include <sstream>

#include "net/listener.h"

using mm::base::Address;
using mm::net::has_listener;
using mm::net::is_listened_to;

TEST_CASE("listening: a listener of this machine is seen, and gone once it is closed") {
  mm::net::Loop loop;
  int accepted = 0;
  auto listener =
      mm::net::Listener::open(loop, Address::tcp("127.0.0.1", 0), [&](auto) { ++accepted; });
  REQUIRE(listener.ok());
  const uint16_t port = (*listener)->port();
  CHECK(is_listened_to(Address::tcp("", port)) == true);
  CHECK(is_listened_to(Address::tcp("127.0.0.1", port)) == true);
  listener->reset();
  CHECK(is_listened_to(Address::tcp("", port)) == false);
  CHECK(accepted == 0);
}

TEST_CASE("listening: an address of another machine cannot be told") {
  CHECK(!is_listened_to(Address::tcp("db.example.com", 5432)));
}

TEST_CASE("listening: a unix path without a socket has no listener") {
  CHECK(is_listened_to(Address::unix_socket("/nonexistent/socket")) == false);
  CHECK(is_listened_to(Address::unix_socket("/")) == false);
}

TEST_CASE("listening: a connection at that port is no listener") {
  std::istringstream table(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
      "   0: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0\n"
      "   1: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n");
  CHECK(!has_listener(table, 3000));
  table.clear();
  table.seekg(0);
  CHECK(has_listener(table, 3001));
}
