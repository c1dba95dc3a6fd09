// SPDX-License-Identifier: MIT
// What can keep the router from listening, and how it is said.
#include <doctest/doctest.h>
#include <grpcpp/create_channel.h>

#include "router/router.h"

using namespace mm;
using base::Code;
using router::Router;

namespace {

config::Endpoint at(const std::string& host, uint16_t port) {
  config::Endpoint endpoint;
  endpoint.host = host;
  endpoint.port = port;
  return endpoint;
}

base::Status failure(const transport::Server::Options& options) {
  net::Loop loop;
  return Router::start(loop, options).status();
}

// Without a client there is nothing to wait for.
void stop(net::Loop& loop, Router& router) {
  loop.post([&] { router.stop([&loop] { loop.stop(); }); });
  loop.run();
}

}  // namespace

TEST_CASE("listen: port 0 becomes a real one, for each address") {
  net::Loop loop;
  const auto router = Router::start(loop, {{at("127.0.0.1", 0), at("", 0)}, "", ""});
  REQUIRE(router.ok());
  REQUIRE((*router)->addresses().size() >= 2);  // and [::1], where there is IPv6
  for (const std::string& address : (*router)->addresses()) {
    CHECK((address.starts_with("127.0.0.1:") || address.starts_with("[::1]:")));
    CHECK(!address.ends_with(":0"));
  }
  stop(loop, **router);
}

TEST_CASE("listen: a second router on the port is refused, in one line") {
  net::Loop loop;
  const auto router = Router::start(loop, {{at("127.0.0.1", 0)}, "", ""});
  REQUIRE(router.ok());
  const std::string address = (*router)->addresses()[0];
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  const base::Status status =
      failure({{at("127.0.0.1", 0), at("127.0.0.1", static_cast<uint16_t>(port))}, "", ""});
  CHECK(status.code() == Code::kAlreadyExists);
  CHECK(base::message(status) ==
        "cannot listen on " + address + ": already in use by another program; use another");
  stop(loop, **router);
}

TEST_CASE("listen: an address that is not this machine's is told apart from a taken one") {
  const base::Status status = failure({{at("192.0.2.1", 0)}, "", ""});
  CHECK(status.code() == Code::kUnavailable);
  CHECK(
      base::message(status) ==
      "cannot listen on 192.0.2.1:0: this machine does not have that address; use one of its own");
  CHECK(failure({{at("no-such-host.invalid", 0)}, "", ""}).code() == Code::kNotFound);
}
