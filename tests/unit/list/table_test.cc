// SPDX-License-Identifier: MIT
#include "list/table.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <time.h>

using mm::list::connections_table;
using mm::list::table;
using mm::transport::ServiceInfo;

TEST_CASE("table: columns are aligned, numbers to the right, in the order given") {
  setenv("TZ", "UTC", 1);
  tzset();
  ServiceInfo web{.name = "web",
                  .create_time_s = 1'790'000'000,
                  .owner = "ann@laptop",
                  .kind = "tcp",
                  .connections = 2,
                  .bytes = 1'234'567};
  ServiceInfo db{.name = "database",
                 .create_time_s = 1'790'003'600,
                 .owner = "bob@vm",
                 .kind = "tcp",
                 .connections = 11,
                 .bytes = 0,
                 .away = true};
  CHECK(table({web, db}) ==
        "NAME             KIND  OWNER       SINCE             CONNECTIONS   BYTES\n"
        "web              tcp   ann@laptop  2026-09-21 14:13            2  1.2 MB\n"
        "database (away)  tcp   bob@vm      2026-09-21 15:13           11     0 B\n");
}

TEST_CASE("table: open connections are told after the services, or that there are none") {
  ServiceInfo web;
  web.name = "web";
  CHECK(connections_table({web}) == "\nno open connections of services of yours\n");
  web.open = {{"1a2b3c4d", "bob", 75, 1'200, 34'000'000}};
  CHECK(connections_table({web}) ==
        "\n"
        "SERVICE  CONNECTION  FROM    FOR      UP   DOWN\n"
        "web      1a2b3c4d    bob   1 min  1.2 kB  34 MB\n");
}
