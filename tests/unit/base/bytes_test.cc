// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <doctest/doctest.h>

using mm::base::Bytes;

TEST_CASE("bytes: a slice keeps the memory alive after the view that it was made from is gone") {
  Bytes slice;
  {
    const Bytes whole = Bytes::copy_of("hello, world");
    slice = whole.slice(7, 5);
  }
  CHECK(slice.text() == "world");
  slice.remove_prefix(2);
  CHECK(slice.text() == "rld");
}

TEST_CASE("bytes: a slice pins what the whole pins") {
  const Bytes whole = Bytes::copy_of(std::string(1000, 'x'));
  CHECK(whole.slice(0, 1).pinned_bytes() == 1000);
}

TEST_CASE("bytes: the owner is released with the last view") {
  auto owner = std::make_shared<std::string>("payload");
  std::weak_ptr<std::string> watch = owner;
  const std::span view(reinterpret_cast<const uint8_t*>(owner->data()), owner->size());
  Bytes first(std::move(owner), view, 7);
  Bytes second = first.slice(1, 2);
  first = {};
  CHECK(!watch.expired());
  second = {};
  CHECK(watch.expired());
}
