// SPDX-License-Identifier: MIT
#include "net/standard_stream.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "net/asio.h"
#include "net/fd.h"

namespace mm::net {
namespace {

// Makes a descriptor that is not ours non-blocking, and puts it back.
class Borrowed {
 public:
  Borrowed(Loop& loop, int fd) : fd_(fd), flags_(fcntl(fd, F_GETFL)), watch_(Executor(loop)) {
    if (flags_ >= 0) fcntl(fd_, F_SETFL, flags_ | O_NONBLOCK);
    asio::error_code ignored;  // a wait on what cannot be watched is over at once, see wait()
    watch_.assign(fd_, ignored);
  }
  ~Borrowed() { give_back(); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  void give_back() {
    if (watch_.is_open()) watch_.release();
    if (flags_ >= 0) fcntl(fd_, F_SETFL, std::exchange(flags_, -1));
  }

  int fd() const { return fd_; }
  AsioDescriptor& watch() { return watch_; }

 private:
  const int fd_;
  int flags_;  // as they were; negative: given back, or never open
  AsioDescriptor watch_;
};

// While it lives, writing to a pipe that nobody reads is an error and not the end of the process.
class IgnoredSigpipe {
 public:
  IgnoredSigpipe() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before_);
  }
  ~IgnoredSigpipe() { sigaction(SIGPIPE, &before_, nullptr); }
  IgnoredSigpipe(const IgnoredSigpipe&) = delete;
  IgnoredSigpipe& operator=(const IgnoredSigpipe&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace

struct StandardStream::Impl : std::enable_shared_from_this<Impl> {
  Impl(Loop& loop, int input_fd, int output_fd)
      : loop(loop), input(loop, input_fd), output(loop, output_fd) {}

  // Files and /dev/null cannot be watched: Asio then says so at once, from the loop, and as they
  // are always ready that is the answer. Another error shows when the caller reads or writes.
  void wait(Borrowed& end, AsioDescriptor::wait_type what, std::function<void()> handler) {
    end.watch().async_wait(
        what, [impl = shared_from_this(), handler = std::move(handler)](const asio::error_code&) {
          if (impl->is_open) handler();
        });
  }

  void close() {
    is_open = false;
    ignored_sigpipe.reset();
    output.give_back();  // the reverse order: both may be one open file, with one set of flags
    input.give_back();
  }

  Loop& loop;
  std::optional<IgnoredSigpipe> ignored_sigpipe{std::in_place};
  Borrowed input;
  Borrowed output;
  bool is_open = true;
};

StandardStream::StandardStream(Loop& loop, int input_fd, int output_fd)
    : impl_(std::make_shared<Impl>(loop, input_fd, output_fd)) {}

StandardStream::~StandardStream() { impl_->close(); }

Stream::ReadResult StandardStream::read(size_t most_bytes) {
  using Kind = ReadResult::Kind;
  if (!impl_->is_open) return {.kind = Kind::kReset, .status = gone(ECONNRESET, "standard input")};
  ReadBlock& block = impl_->loop.read_block();
  const std::span<uint8_t> space = block.space();
  const size_t room = std::min(most_bytes, space.size());
  ssize_t count = 0;
  do {
    count = ::read(impl_->input.fd(), space.data(), room);
  } while (count < 0 && errno == EINTR);
  if (const auto bytes = static_cast<size_t>(count); count > 0) {
    return {.kind = Kind::kBytes, .bytes = block.take(bytes), .is_all = bytes < room};
  }
  if (count == 0) return {.kind = Kind::kEnd};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
  return {.kind = Kind::kReset, .status = gone(errno, "standard input")};
}

void StandardStream::wait_readable(std::function<void()> handler) {
  impl_->wait(impl_->input, AsioDescriptor::wait_read, std::move(handler));
}

base::StatusOr<size_t> StandardStream::write(std::span<const base::Bytes> pieces) {
  if (!impl_->is_open) return gone(EPIPE, "standard output");
  std::array<iovec, kPiecesPerCall> parts;
  const size_t count = std::min(pieces.size(), parts.size());
  for (size_t i = 0; i < count; ++i) {
    parts[i] = {const_cast<uint8_t*>(pieces[i].data()), pieces[i].size()};
  }
  ssize_t taken = 0;
  do {
    taken = writev(impl_->output.fd(), parts.data(), static_cast<int>(count));
  } while (taken < 0 && errno == EINTR);
  if (taken >= 0) return static_cast<size_t>(taken);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return size_t{0};
  return gone(errno, "standard output");
}

void StandardStream::wait_writable(std::function<void()> handler) {
  impl_->wait(impl_->output, AsioDescriptor::wait_write, std::move(handler));
}

void StandardStream::wait_reset(std::function<void()>) {}

base::Status StandardStream::shutdown_write() {
  const Fd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!nowhere.is_open()) return gone(errno, "end standard output");
  const int fd = impl_->output.fd();
  shutdown(fd, SHUT_WR);  // a socket that is the input too would not end by being closed once
  impl_->output.give_back();
  // In place, not closed: the next file that is opened must not become standard output.
  if (dup2(nowhere.get(), fd) < 0) return gone(errno, "end standard output");
  return absl::OkStatus();
}

void StandardStream::reset() { impl_->close(); }

}  // namespace mm::net
