// SPDX-License-Identifier: MIT
#include "base/suggest.h"

#include <doctest/doctest.h>

using mm::base::did_you_mean;
using mm::base::nearest;

namespace {

const std::vector<std::string> kKnown = {"router", "share", "connect", "list"};

}  // namespace

TEST_CASE("suggest: a letter missing, added, wrong or swapped is forgiven") {
  struct {
    const char* typed;
    const char* meant;
  } rows[] = {{"ruter", "router"},   {"sharee", "share"},   {"lost", "list"}, {"lsit", "list"},
              {"conect", "connect"}, {"conn", "connect"},   {"x", ""},        {"", ""},
              {"serve", ""},         {"list-all-them", ""}, {"ls", ""}};
  for (const auto& row : rows) {
    CAPTURE(row.typed);
    CHECK(nearest(row.typed, kKnown) == row.meant);
  }
}

TEST_CASE("suggest: a huge word is answered at once") {
  CHECK(nearest(std::string(1 << 20, 'x'), kKnown).empty());
}

TEST_CASE("suggest: the question is asked only where there is an answer") {
  CHECK(did_you_mean("ruter", kKnown) == ": did you mean \"router\"?");
  CHECK(did_you_mean("xyzzy", kKnown).empty());
}
