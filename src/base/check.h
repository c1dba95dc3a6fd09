// SPDX-License-Identifier: MIT
// MM_CHECK: states what our own code guarantees, in release builds too. A peer's, a user's or
// the kernel's fault is never checked with it: that is a Status, and ends one conduit or command.
#pragma once

#include <cstdio>
#include <cstdlib>

#define MM_CHECK(condition)                                                                \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      std::fprintf(stderr, "mindmeld: bug: %s (%s:%d)\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)
