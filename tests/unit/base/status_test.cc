// SPDX-License-Identifier: MIT
#include "base/status.h"

#include <doctest/doctest.h>

#include <cerrno>

using namespace mm::base;

TEST_CASE("status: each layer adds one clause in front and keeps the code") {
  const Status status = within(errno_error(ECONNREFUSED, "dial"), "web");
  CHECK(message(status) == "web: dial: Connection refused");
  CHECK(status.code() == Code::kUnavailable);
}

TEST_CASE("status: success stays success whatever clause is added") {
  CHECK(within(absl::OkStatus(), "web").ok());
}
