// SPDX-License-Identifier: MIT
// What the kernel says of this process: what it uses, and what it may use. Safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mm::ops {

// Zero, each, where the system does not tell.
struct ProcessUse {
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t open_descriptors = 0;
  uint64_t most_descriptors = 0;
  double cpu_s = 0;  // of all threads, in the kernel and outside
};
// Takes a look at every open descriptor: not for each connection.
ProcessUse process_use();

uint64_t resident_bytes();

// What was freed and is kept for later goes back to the system. It takes milliseconds.
void give_back_memory();

// What its control group may use, or the narrowest of those around it (cgroup v2, and v1);
// nothing: there is no such limit. `root`: where /proc and /sys are, for a test.
std::optional<uint64_t> memory_limit_bytes(const std::string& root = "");

}  // namespace mm::ops
