// SPDX-License-Identifier: MIT
#include "ops/process.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/file.h"

namespace mm::ops {
namespace {

// v1 says "none" by a number that no machine has.
constexpr uint64_t kNoLimit = uint64_t{1} << 60;

uint64_t entries_in(const char* folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder), &closedir);
  uint64_t count = 0;
  while (open && readdir(open.get()) != nullptr) ++count;
  return count;
}

struct Memory {
  uint64_t virtual_bytes = 0;
  uint64_t resident_bytes = 0;
};

Memory memory() {
  const auto text = base::read_file("/proc/self/statm");  // "2517 1023 …", in pages
  if (!text.ok()) return {};
  const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  char* next = nullptr;
  const uint64_t all = strtoull(text->c_str(), &next, 10);
  return {all * page_bytes, strtoull(next, nullptr, 10) * page_bytes};
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Nothing: no such file, "max", or a number that means the same.
std::optional<uint64_t> limit_in(const std::string& path) {
  const auto text = base::read_file(path);
  if (!text.ok() || text->empty() || (*text)[0] < '0' || (*text)[0] > '9') return std::nullopt;
  const uint64_t limit = strtoull(text->c_str(), nullptr, 10);
  return limit < kNoLimit ? std::optional(limit) : std::nullopt;
}

// The narrowest limit from `group` ("/a/b") up to the top. Where the group's path is not mounted,
// as in a container, its own is at the top.
std::optional<uint64_t> narrowest(const std::string& mount, std::string group, const char* file) {
  std::optional<uint64_t> least;
  for (;;) {
    const auto limit = limit_in(mount + group + "/" + file);
    if (limit) least = std::min(least.value_or(*limit), *limit);
    if (group.empty()) return least;
    group.erase(group.rfind('/'));
  }
}

}  // namespace

ProcessUse process_use() {
  const Memory used = memory();
  ProcessUse use{.resident_bytes = used.resident_bytes, .virtual_bytes = used.virtual_bytes};
  constexpr uint64_t kNoDescriptors = 3;  // ".", "..", and the folder that is being read
  use.open_descriptors = std::max(entries_in("/proc/self/fd"), kNoDescriptors) - kNoDescriptors;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) use.most_descriptors = limit.rlim_cur;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    use.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  return use;
}

uint64_t resident_bytes() { return memory().resident_bytes; }

void give_back_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

std::optional<uint64_t> memory_limit_bytes(const std::string& root) {
  const auto groups = base::read_file(root + "/proc/self/cgroup");
  if (!groups.ok()) return std::nullopt;
  std::optional<uint64_t> least;
  for (std::string_view rest = *groups; !rest.empty();) {  // "0::/a/b", or v1's "7:memory:/a/b"
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controller = line.substr(first + 1, second - first - 1);
    std::string group(line.substr(second + 1));
    if (group.empty() || group[0] != '/' || group == "/") group.clear();
    const auto limit = controller.empty() ? narrowest(root + "/sys/fs/cgroup", group, "memory.max")
                       : controller == "memory" ? narrowest(root + "/sys/fs/cgroup/memory", group,
                                                            "memory.limit_in_bytes")
                                                : std::nullopt;
    if (limit) least = std::min(least.value_or(*limit), *limit);
  }
  return least;
}

}  // namespace mm::ops
