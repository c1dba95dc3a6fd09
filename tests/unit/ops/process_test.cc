// SPDX-License-Identifier: MIT
#include "ops/process.h"

#include <doctest/doctest.h>

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
