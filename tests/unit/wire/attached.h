// SPDX-License-Identifier: MIT
// A conduit whose peer a test plays by hand.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "wire/conduit.h"

namespace mm::test {

using wire::Attach;
using wire::Budget;
using wire::Conduit;
using wire::Frame;
using wire::kFloorBytes;

const base::TimePoint kStart{};

inline base::Bytes text(size_t bytes) { return base::Bytes::copy_of(std::string(bytes, 'x')); }

inline Frame attach_frame() {
  Frame frame;
  frame.attach = Attach{};
  frame.received = 0;
  frame.limit = kFloorBytes;
  return frame;
}

inline Frame data_frame(uint64_t offset, size_t bytes) {
  Frame frame;
  frame.offset = offset;
  if (bytes > 0) frame.data.push_back(text(bytes));
  return frame;
}

// A conduit whose first lane is up and whose peer said hello.
struct Attached {
  Budget budget;
  Conduit conduit{budget};

  Attached() {
    conduit.attach(0);
    REQUIRE(conduit.next_frame(kStart));
    REQUIRE(conduit.on_frame(attach_frame(), kStart).ok());
  }

  void deliver_all() {
    size_t bytes = 0;
    for (const base::Bytes& piece : conduit.inbox()) bytes += piece.size();
    conduit.on_delivered(bytes, kStart);
  }
};

}  // namespace mm::test
