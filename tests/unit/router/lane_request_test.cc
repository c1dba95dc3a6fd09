// SPDX-License-Identifier: MIT
#include "router/lane_request.h"

#include <doctest/doctest.h>

using namespace mm;

namespace {

using Metadata = std::multimap<std::string, std::string>;

const std::string kToken(64, 'a');

Metadata good() {
  return {{"mindmeld-token", kToken},
          {"mindmeld-role", "share"},
          {"mindmeld-service", "web"},
          {"mindmeld-generation", "7"},
          {"user-agent", "somebody"}};
}

base::StatusOr<router::LaneRequest> parse(const Metadata& metadata) {
  std::multimap<grpc::string_ref, grpc::string_ref> references;
  for (const auto& [key, value] : metadata) references.emplace(key, value);
  return router::parse_lane_request(references);
}

}  // namespace

TEST_CASE("lane request: it is what the metadata says") {
  const auto request = parse(good());
  REQUIRE(request.ok());
  CHECK(request->token == *base::Token::parse(kToken));
  CHECK(request->role == router::Role::kShare);
  CHECK(request->service == "web");
  CHECK(request->generation == 7);
}

TEST_CASE("lane request: metadata that is absent, there twice or malformed is refused by its key") {
  const std::pair<const char*, std::vector<std::string>> bad[] = {
      {"mindmeld-token", {"", "a", std::string(64, 'A'), std::string(65, 'a')}},
      {"mindmeld-role", {"", "Share", "router"}},
      {"mindmeld-service", {"", "Web", std::string(1000, 'a')}},
      {"mindmeld-generation", {"", "-1", "1x", " 1", "18446744073709551616"}},
  };
  for (const auto& [key, values] : bad) {
    CAPTURE(key);
    Metadata absent = good();
    absent.erase(key);
    Metadata twice = good();
    twice.emplace(key, twice.find(key)->second);
    std::vector<Metadata> rows = {absent, twice};
    for (const std::string& value : values) {
      rows.push_back(good());
      rows.back().find(key)->second = value;
    }
    for (const Metadata& row : rows) {
      const base::Status status = parse(row).status();
      CHECK(status.code() == base::Code::kInvalidArgument);
      CHECK(base::message(status).find(key) != std::string::npos);
    }
  }
}
