// SPDX-License-Identifier: MIT
// What the tests of net share: a loop that is run until something happened, and plain sockets of
// the kernel as the other side.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "net/loop.h"
#include "net/socket.h"
#include "net/socket_address.h"

namespace mm::net {

using Kind = Stream::ReadResult::Kind;
using std::chrono::milliseconds;

constexpr base::Duration kWatchdog = std::chrono::seconds(20);

class TestLoop {
 public:
  Loop& get() { return loop_; }

  // For a handler: what run() waits for has happened.
  std::function<void()> done() {
    return [this] { finish(); };
  }
  void finish() {
    is_done_ = true;
    loop_.stop();
  }

  void run() {
    Timer watchdog(loop_);
    watchdog.after(kWatchdog, [this] { loop_.stop(); });
    loop_.run();
    REQUIRE_MESSAGE(std::exchange(is_done_, false), "the watchdog ended the loop");
  }

  // Lets everything happen that is ready.
  void settle() {
    Timer timer(loop_);
    timer.after(milliseconds(10), done());
    run();
  }

 private:
  Loop loop_;
  bool is_done_ = false;
};

// Blocks, but not for ever: a test that waits in vain fails.
inline Fd plain_socket(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(fd.is_open());
  const timeval patience{20, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return fd;
}

inline Fd plain_listener(const SocketAddress& address, int backlog = 16) {
  Fd fd = plain_socket(address.family());
  REQUIRE(::bind(fd.get(), address.get(), address.length()) == 0);
  REQUIRE(::listen(fd.get(), backlog) == 0);
  return fd;
}

inline Fd plain_connection(const SocketAddress& address) {
  Fd fd = plain_socket(address.family());
  REQUIRE(::connect(fd.get(), address.get(), address.length()) == 0);
  return fd;
}

// A Socket and the plain one at its other end.
struct Pair {
  std::unique_ptr<Socket> ours;
  Fd theirs;
};

inline std::unique_ptr<Socket> adopt(Loop& loop, Fd fd) {
  REQUIRE(fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0);
  base::StatusOr<std::unique_ptr<Socket>> socket = Socket::adopt(loop, std::move(fd));
  REQUIRE(socket.ok());
  return *std::move(socket);
}

inline Pair tcp_pair(Loop& loop) {
  const Fd listener = plain_listener(*SocketAddress::from_ip("127.0.0.1", 0));
  Fd theirs = plain_connection(SocketAddress::local_of(listener.get()));
  return {adopt(loop, Fd(::accept(listener.get(), nullptr, nullptr))), std::move(theirs)};
}

inline Pair unix_pair(Loop& loop) {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {adopt(loop, Fd(ends[0])), Fd(ends[1])};
}

inline void send_text(const Fd& fd, std::string_view text, int flags = 0) {
  REQUIRE(::send(fd.get(), text.data(), text.size(), flags | MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

// Everything up to the end of stream; `error` is the errno value at which it ended otherwise.
inline std::string receive_all(const Fd& fd, int& error) {
  std::string all;
  char buffer[4096];
  ssize_t count = 0;
  while ((count = ::read(fd.get(), buffer, sizeof buffer)) > 0) {
    all.append(buffer, static_cast<size_t>(count));
  }
  error = count == 0 ? 0 : errno;
  return all;
}

inline std::string receive_all(const Fd& fd) {
  int error = 0;
  std::string all = receive_all(fd, error);
  CHECK(error == 0);
  return all;
}

// RST.
inline void reset_plain(Fd fd) {
  const linger at_once{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// The next result that is not kWouldBlock.
inline Stream::ReadResult read_next(TestLoop& loop, Stream& stream, size_t most_bytes = 1 << 20) {
  for (;;) {
    Stream::ReadResult result = stream.read(most_bytes);
    if (result.kind != Kind::kWouldBlock) return result;
    stream.wait_readable(loop.done());
    loop.run();
  }
}

// Everything up to the end, whose kind is `end`.
inline std::string read_all(TestLoop& loop, Stream& stream, Kind& end, size_t step = 1 << 20) {
  std::string all;
  for (;;) {
    const Stream::ReadResult result = read_next(loop, stream, step);
    end = result.kind;
    if (end != Kind::kBytes) return all;
    all += result.bytes.text();
  }
}

inline size_t open_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

// CPU time that this thread has used. What spins for 200 ms uses more than kSpinning even on a
// virtual machine that counts a third of it; what waits uses less than 2 ms.
constexpr milliseconds kSpinning{20};
inline milliseconds cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::duration_cast<milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                  std::chrono::nanoseconds(time.tv_nsec));
}

// A folder of its own for each test, removed with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mm-net-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Bytes that show a loss, a repetition and a swap.
inline std::string pattern(size_t size) {
  std::string text(size, '\0');
  uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

inline void write_all(TestLoop& loop, Stream& stream, std::span<base::Bytes> pieces) {
  for (;;) {
    const base::StatusOr<size_t> taken = stream.write(pieces);
    REQUIRE(taken.ok());
    size_t left = *taken;
    while (!pieces.empty() && left >= pieces.front().size()) {
      left -= pieces.front().size();
      pieces = pieces.subspan(1);
    }
    if (pieces.empty()) return;
    pieces.front().remove_prefix(left);
    stream.wait_writable(loop.done());
    loop.run();
  }
}

inline void write_all(TestLoop& loop, Stream& stream, base::Bytes bytes) {
  write_all(loop, stream, {&bytes, 1});
}

inline int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  getsockopt(fd, level, name, &value, &length);
  return value;
}

}  // namespace mm::net
