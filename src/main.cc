// SPDX-License-Identifier: MIT
// The program: hands its command line and its environment to cli.
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/dispatch.h"

namespace {

// A program that was started with one of the three closed would get that number for its first
// socket, and print into it.
void occupy_standard_descriptors() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
}

// Takes the pass out of what programs that this one starts would inherit, and `ps e` shows; and
// they do not speak for it to the service manager.
mm::config::Environment environment() {
  mm::config::Environment all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    all.emplace(name, text.substr(equals + 1));
    if (name == "MINDMELD_PASS") std::memset(*entry + equals + 1, '.', text.size() - equals - 1);
  }
  unsetenv("MINDMELD_PASS");
  unsetenv("NOTIFY_SOCKET");
  return all;
}

// Each connection takes some, and the usual limit, 1 024, is for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A block of a quarter of a MiB is taken for each frame and given back with it. glibc would hand
// that memory to the kernel and get it again each time, page by page: a sixth of all time under
// load. It keeps up to this much.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kLargestKeptBytes = 4 << 20;
  constexpr int kTakenBytes = 1 << 20;  // more than is asked for
  constexpr int kArenas = 1;            // threads take turns, and free what others took
  constexpr int kKeptBytes = 16 << 20;  // one connection's, where the way is not very long
  mallopt(M_MMAP_THRESHOLD, kLargestKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  mallopt(M_TOP_PAD, kTakenBytes);
  mallopt(M_ARENA_MAX, kArenas);
#endif
}

// What every user of this machine can see of a command line: not what comes after a ticket's '#'.
void hide_tickets(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    char* const hash = std::strchr(argv[i], '#');
    if (hash != nullptr && std::strstr(argv[i], "://") != nullptr) {
      std::memset(hash + 1, '.', std::strlen(hash + 1));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_descriptors();
  raise_descriptor_limit();
  keep_freed_memory();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of write(), no more
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  hide_tickets(argc, argv);
  return static_cast<int>(mm::cli::dispatch(mm::cli::commands(), words, environment()));
}
