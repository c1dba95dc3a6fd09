// SPDX-License-Identifier: MIT
#include "admin/site.h"

#include <doctest/doctest.h>

#include "admin/metrics.h"
#include "admin/page.h"
#include "admin/status_json.h"
#include "config/json.h"

using namespace mm;
using admin::is_own_host;

TEST_CASE("site: who names it by an address, by localhost or as it listens may see it") {
  for (const char* host : {"localhost:6354", "LOCALHOST", "127.0.0.1:6354", "192.0.2.1", "[::1]:1",
                           "relay.example.com:6354"}) {
    CAPTURE(host);
    CHECK(is_own_host(host, "relay.example.com"));
  }
}

TEST_CASE("site: a name that somebody else may have made lead here is not its own") {
  for (const char* host : {"", "evil.example", "evil.example:6354", "localhost.evil.example",
                           "127.0.0.1.evil.example", "1.2.3", ":6354", "[::1", "a b"}) {
    CAPTURE(host);
    CHECK(!is_own_host(host, "127.0.0.1"));
    CHECK(!is_own_host(host, ""));
  }
}

TEST_CASE("site: the page loads nothing, and its policy allows its own script and style alone") {
  CHECK(admin::kPage.find("http:") == admin::kPage.find("http://www.w3.org/2000/svg"));
  CHECK(admin::kPage.find("https:") == std::string_view::npos);
  CHECK(admin::kPage.find("innerHTML") == std::string_view::npos);
  CHECK(admin::kPage.ends_with("</html>\n"));
  CHECK(admin::kPagePolicy.starts_with("default-src 'none'; style-src 'sha256-"));
  CHECK(admin::kPagePolicy.find("unsafe") == std::string_view::npos);
}

TEST_CASE("status: it is JSON, whatever a share calls its owner") {
  admin::Snapshot snapshot;
  snapshot.instance = "abc";
  snapshot.refusals = {{"pass", 3}, {"token", 0}};
  snapshot.service_rows.push_back({.name = "web", .kind = "tcp", .owner = "<b>\"\xff"});
  snapshot.connection_rows.push_back(
      {.id = "1a2b3c4d", .service = "web", .caller = "ann", .up_bytes = 7});
  const auto json = config::parse_json(admin::status_json(snapshot, {}), "status");
  REQUIRE(json.ok());
  CHECK(json->keys.front() == "version");
  CHECK(json->items.back().items.front().items.front().text == "1a2b3c4d");
}

TEST_CASE("metrics: each has its help and its type before it, and every reason a sample") {
  admin::Snapshot snapshot;
  snapshot.up_bytes = 9'007'199'254'740'993;  // more than a double counts exactly
  snapshot.refusals = {{"pass", 3}, {"token", 0}};
  const std::string text = admin::metrics_text(snapshot, {});
  CHECK(text.find("# TYPE mindmeld_router_refusals_total counter\n"
                  "mindmeld_router_refusals_total{reason=\"pass\"} 3\n"
                  "mindmeld_router_refusals_total{reason=\"token\"} 0\n") != std::string::npos);
  CHECK(text.find("{direction=\"up\"} 9007199254740993\n") != std::string::npos);
  CHECK(text.find("# HELP process_resident_memory_bytes ") != std::string::npos);
  CHECK(text.ends_with("\n"));
}
