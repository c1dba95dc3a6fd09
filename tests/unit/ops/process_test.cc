// SPDX-License-Identifier: MIT
#include "ops/process.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "unit/scratch.h"

using mm::ops::memory_limit_bytes;

TEST_CASE("process: its memory, descriptors and processor time are known") {
  const mm::ops::ProcessUse use = mm::ops::process_use();
  CHECK(use.resident_bytes > 100'000);
  CHECK(use.virtual_bytes >= use.resident_bytes);
  CHECK(use.open_descriptors >= 1);
  CHECK(use.most_descriptors >= use.open_descriptors);
  CHECK(use.cpu_s >= 0);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("process: memory that was freed below what is in use can be given back") {
  constexpr size_t kBlock = 4096;
  std::vector<std::unique_ptr<char[]>> blocks;
  for (int i = 0; i < 16'384; ++i) {
    blocks.push_back(std::make_unique<char[]>(kBlock));
    std::memset(blocks.back().get(), 1, kBlock);
  }
  const std::unique_ptr<char[]> last = std::move(blocks.back());
  blocks.clear();
  const uint64_t before = mm::ops::resident_bytes();
  mm::ops::give_back_memory();
  CHECK(mm::ops::resident_bytes() + (32 << 20) < before);
}
#endif

TEST_CASE("process: the narrowest limit of a control group and those around it holds") {
  const Scratch root;
  CHECK(!memory_limit_bytes(root.folder()));
  root.file("proc/self/cgroup", "0::/a/b\n");
  CHECK(!memory_limit_bytes(root.folder()));
  root.file("sys/fs/cgroup/a/b/memory.max", "max\n");
  root.file("sys/fs/cgroup/a/memory.max", "500000000\n");
  CHECK(memory_limit_bytes(root.folder()) == 500'000'000);
  root.file("sys/fs/cgroup/a/b/memory.max", "400000000\n");
  CHECK(memory_limit_bytes(root.folder()) == 400'000'000);
}

TEST_CASE("process: in a container a control group's own limit is at the top") {
  const Scratch root;
  root.file("proc/self/cgroup", "0::/\n");
  root.file("sys/fs/cgroup/memory.max", "536870912\n");
  CHECK(memory_limit_bytes(root.folder()) == 536'870'912);
}

TEST_CASE("process: cgroup v1 has its limit elsewhere, and a huge one for none") {
  const Scratch root;
  root.file("proc/self/cgroup", "8:cpu:/x\n7:memory:/x\n");
  root.file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(!memory_limit_bytes(root.folder()));
  root.file("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "300000000\n");
  CHECK(memory_limit_bytes(root.folder()) == 300'000'000);
}
