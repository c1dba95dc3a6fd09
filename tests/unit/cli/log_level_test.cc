// SPDX-License-Identifier: MIT
#include "cli/log_level.h"

#include <doctest/doctest.h>

using mm::cli::log_level;
using mm::ops::Level;

TEST_CASE("log_level: -v and -q change the default, MINDMELD_LOG is its own word") {
  CHECK(*log_level({}, 0) == Level::kWarn);
  CHECK(*log_level({}, -1) == Level::kError);
  CHECK(*log_level({}, 1) == Level::kInfo);
  CHECK(*log_level({}, 2) == Level::kDebug);
  CHECK(*log_level({{"MINDMELD_LOG", "trace"}}, 1) == Level::kTrace);
  CHECK(*log_level({{"MINDMELD_LOG", "error"}}, 0) == Level::kError);
  CHECK(*log_level({{"MINDMELD_LOG", "error"}}, 1) == Level::kInfo);
  CHECK(*log_level({{"MINDMELD_LOG", "info"}}, -1) == Level::kInfo);
}

TEST_CASE("log_level: an unknown level is told with those there are") {
  const auto level = log_level({{"MINDMELD_LOG", "loud"}}, 0);
  REQUIRE(!level.ok());
  CHECK(mm::base::message(level.status()) ==
        "MINDMELD_LOG: \"loud\" is not a level: write error, warn, info, debug or trace");
}
