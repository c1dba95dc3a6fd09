// SPDX-License-Identifier: MIT
#include "net/network_watch.h"

#include <doctest/doctest.h>

using mm::net::NetworkState;
using namespace std::chrono_literals;

TEST_CASE("network: nothing is told as long as the way stays the same") {
  NetworkState state({.suspended = 3h, .source = "10.0.0.7"});
  CHECK(state.compare({.suspended = 3h, .source = "10.0.0.7"}).empty());
  CHECK(state.compare({.suspended = 3h + 499ms, .source = "10.0.0.7"}).empty());
}

TEST_CASE("network: a sleep is told once") {
  NetworkState state({.suspended = {}, .source = "10.0.0.7"});
  CHECK(state.compare({.suspended = 2s, .source = "10.0.0.7"}) == "this machine slept");
  CHECK(state.compare({.suspended = 2s, .source = "10.0.0.7"}).empty());
}

TEST_CASE("network: another address is told when it is there") {
  NetworkState state({.suspended = {}, .source = "10.0.0.7"});
  CHECK(state.compare({.suspended = {}, .source = "172.16.0.9"}) ==
        "this machine's network changed");
  CHECK(state.compare({.suspended = {}, .source = "172.16.0.9"}).empty());
}

TEST_CASE("network: without a network there is nothing to dial again by; the next one is told") {
  NetworkState state({.suspended = {}, .source = "10.0.0.7"});
  CHECK(state.compare({.suspended = {}, .source = ""}).empty());
  CHECK(state.compare({.suspended = {}, .source = ""}).empty());
  CHECK(state.compare({.suspended = {}, .source = "10.0.0.7"}) == "this machine's network changed");
  CHECK(state.compare({.suspended = {}, .source = "10.0.0.7"}).empty());
}

TEST_CASE("network: a process that starts without a network is told of the first one") {
  NetworkState state({.suspended = {}, .source = ""});
  CHECK(state.compare({.suspended = {}, .source = "10.0.0.7"}) == "this machine's network changed");
}

TEST_CASE("network: a sleep without a network after it is told all the same") {
  NetworkState state({.suspended = {}, .source = "10.0.0.7"});
  CHECK(state.compare({.suspended = 9s, .source = ""}) == "this machine slept");
  CHECK(state.compare({.suspended = 9s, .source = "10.0.0.8"}) == "this machine's network changed");
}

TEST_CASE("network: a watch can be taken away while it waits") {
  mm::net::Loop loop;
  bool was_told = false;
  {
    const mm::net::NetworkWatch watch(loop, "router.example.com",
                                      [&](const auto&) { was_told = true; });
  }
  loop.post([&] { loop.stop(); });
  loop.run();
  CHECK(!was_told);
}
