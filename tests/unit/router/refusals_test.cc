// SPDX-License-Identifier: MIT
// What is refused is counted by its reason; the log is where that is seen.
#include "router/refusals.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <regex>

#include "unit/router/live_router.h"
#include "unit/router/passes.h"

using namespace mm;
using namespace std::chrono_literals;
using grpc::StatusCode;
using test::credential_of;
using test::person;

namespace {

constexpr base::TimePoint kBegin{};

// The lines that `act` logs, each without its time and level.
std::string logged(const std::function<void()>& act) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  REQUIRE(file);
  const int before = dup(STDERR_FILENO);
  dup2(fileno(file.get()), STDERR_FILENO);
  act();
  dup2(before, STDERR_FILENO);
  close(before);
  std::rewind(file.get());
  std::string text(64 << 10, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return std::regex_replace(text, std::regex("\\S+Z warn "), "");
}

}  // namespace

TEST_CASE("refusals: each reason has its own count, and a line in ten seconds") {
  router::Refusals refusals;
  CHECK(logged([&] {
          for (int i = 0; i < 5; ++i) refusals.count("pass", "192.0.2.1", kBegin);
          refusals.count("opens_per_second", "bob", kBegin + 1s);
          for (int i = 0; i < 2; ++i) refusals.count("pass", "192.0.2.2", kBegin + 9s);
          refusals.count("opens_per_second", "bob", kBegin + 10s);
        }) ==
        "router.refused reason=pass caller=192.0.2.1 since_last=1\n"
        "router.refused reason=opens_per_second caller=bob since_last=1\n");
  CHECK(logged([&] {
          refusals.count("pass", "192.0.2.3", kBegin + 10s);
          refusals.count("opens_per_second", "bob", kBegin + 11s);
        }) ==
        "router.refused reason=pass caller=192.0.2.3 since_last=7\n"
        "router.refused reason=opens_per_second caller=bob since_last=2\n");
  CHECK(refusals.total() == 11);
}

TEST_CASE("refusals: the router says why it let nobody in, and who opened too much") {
  StatusCode last = StatusCode::OK;
  const std::string log = logged([&] {
    router::Limits limits;
    limits.opens_per_second = 1;
    test::LiveRouter router(limits);
    router.set_people({person("ann", config::kEveryVerb), person("bob", config::kMayConnect)});
    const test::Share share(router, "web", "", credential_of("ann"));
    mindmeld::v1::ForwardToServiceResponse response;
    test::forward(router, "web", 1, response, "person nobody");
    test::forward(router, "web", 1, response, test::ticket_credential());
    test::forward(router, "web", 1, response);
    test::Share(router, "db", "", credential_of("bob")).finish();
    for (int i = 0; i < 100 && last == StatusCode::OK; ++i) {
      last = test::forward(router, "web", 16, response, credential_of("bob")).error_code();
    }
    CHECK(test::forward(router, "web", 1, response, credential_of("ann")).ok());
  });
  CHECK(last == StatusCode::RESOURCE_EXHAUSTED);
  for (const char* reason :
       {"pass", "ticket", "no_credential", "verb_or_name", "opens_per_second"}) {
    CAPTURE(log);
    const std::string line = "router.refused reason=" + std::string(reason) + " ";
    const size_t first = log.find(line);
    REQUIRE(first != std::string::npos);
    CHECK(log.find(line, first + 1) == std::string::npos);
  }
  CHECK(log.find("reason=opens_per_second caller=bob since_last=1\n") != std::string::npos);
}
