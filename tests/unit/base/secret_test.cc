// SPDX-License-Identifier: MIT
#include "base/secret.h"

#include <doctest/doctest.h>

#include <sstream>
#include <type_traits>
#include <utility>

using mm::base::Secret;

namespace {

template <typename T>
concept Streamable = requires(std::ostringstream& out, const T& value) {
  out << value;
};

}  // namespace

TEST_CASE("secret: copies and moves keep it, and a moved one is empty") {
  Secret first{"short"};
  const Secret copy = first;
  const Secret moved = std::move(first);
  CHECK(copy.reveal() == "short");
  CHECK(moved.reveal() == "short");
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): this is what is promised
  Secret other{"a longer one, which lies on the heap and not within the object itself"};
  other = copy;
  CHECK(other.reveal() == "short");
  Secret& same = other;
  other = same;
  CHECK(other.reveal() == "short");
}

TEST_CASE("secret: wiping leaves nothing of it in its memory") {
  std::string text(64, 'x');
  const char* const memory = text.data();
  mm::base::wipe(text);
  CHECK(text.empty());
  for (size_t i = 0; i < 64; ++i) CHECK(memory[i] == '\0');
}

TEST_CASE("secret: it turns into no text by itself") {
  CHECK(!Streamable<Secret>);
  CHECK(!std::is_convertible_v<Secret, std::string>);
  CHECK(!std::is_convertible_v<Secret, std::string_view>);
  CHECK(!std::is_convertible_v<std::string, Secret>);
}
