// SPDX-License-Identifier: MIT
#include "net/socket.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "net/asio.h"

namespace mm::net {
namespace {

// How often a socket with an unread urgent byte is looked at, see Impl::watch_reset().
constexpr base::Duration kUrgentRecheck = std::chrono::milliseconds(100);

void set_option(int fd, int level, int option, int value) {
  // Where an option cannot be set, the connection works without it.
  setsockopt(fd, level, option, &value, sizeof value);
}

// What the kernel may hold of ours that it cannot send yet. Without it that is up to 4 MiB for each
// reader that does not read, which look as if they were delivered.
constexpr int kNotSentBytes = 256 << 10;

// Keepalive: a peer that vanished without a word is noticed after 60 + 3 * 10 s of silence.
void tune_tcp(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotSentBytes);
  set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);  // urgent bytes keep their place in the stream
}

std::optional<int> family_of(int fd) {
  int family = 0;
  socklen_t length = sizeof family;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) return std::nullopt;
  return family;
}

// On from the start, and off for an orderly close alone: so a process that is killed leaves a reset
// behind, and never what looks like a clean end of stream.
void set_reset_on_close(int fd, bool on) {
  const linger value{on ? 1 : 0, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

}  // namespace

struct Socket::Impl : std::enable_shared_from_this<Impl> {
  Impl(Loop& loop, int family) : loop(loop), is_tcp(family != AF_UNIX), socket(Executor(loop)) {}

  int fd() { return socket.native_handle(); }

  void wait(AsioSocket::wait_type what, std::function<void()> handler) {
    socket.async_wait(
        what, [impl = shared_from_this(), handler = std::move(handler)](const asio::error_code&) {
          if (impl->socket.is_open()) handler();
        });
  }

  void watch_reset(std::function<void()> handler);
  void close();

  Loop& loop;
  const bool is_tcp;
  AsioSocket socket;
  // An error came. The kernel tells it once, to whichever call is first; a recv after that call
  // gives 0 as if the stream had ended in order. So it is kept, and SO_ERROR is never asked.
  bool reset_seen = false;
  std::unique_ptr<Timer> urgent_timer;  // made when needed, which is hardly ever
};

// epoll reports EPOLLERR (an error waits to be told), EPOLLHUP (both directions are over) and
// EPOLLPRI (an urgent byte) alike. Asking again while one of the latter two lasts would fire at
// once, for ever: so it looks again later while it is the urgent byte, and not at all after the
// end of both directions, when nothing is left that could be reset.
void Socket::Impl::watch_reset(std::function<void()> handler) {
  wait(AsioSocket::wait_error, [this, handler = std::move(handler)]() mutable {
    pollfd state{fd(), POLLPRI, 0};
    poll(&state, 1, 0);
    if (state.revents & POLLERR) reset_seen = true;
    if (reset_seen) return handler();
    if (state.revents & POLLHUP) return;
    if (!(state.revents & POLLPRI)) return watch_reset(std::move(handler));
    if (!urgent_timer) urgent_timer = std::make_unique<Timer>(loop);
    urgent_timer->after(kUrgentRecheck, [this, handler = std::move(handler)]() mutable {
      watch_reset(std::move(handler));
    });
  });
}

void Socket::Impl::close() {
  urgent_timer.reset();
  asio::error_code ignored;
  socket.close(ignored);
}

base::StatusOr<std::unique_ptr<Socket>> Socket::adopt(Loop& loop, Fd fd) {
  const std::optional<int> family = family_of(fd.get());
  if (!family) return base::errno_error(errno, "take over a connection");
  if (*family != AF_UNIX) {
    tune_tcp(fd.get());
    set_reset_on_close(fd.get(), true);
  }
  auto impl = std::make_shared<Impl>(loop, *family);
  asio::error_code error;
  impl->socket.assign(asio::generic::stream_protocol(*family, 0), fd.get(), error);
  if (error) return base::errno_error(error.value(), "take over a connection");
  fd.release();
  return std::unique_ptr<Socket>(new Socket(std::move(impl)));
}

Socket::Socket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Socket::~Socket() {
  if (impl_->is_tcp && impl_->socket.is_open()) set_reset_on_close(impl_->fd(), false);
  impl_->close();
}

void Socket::reset_was_noticed() { impl_->reset_seen = true; }

Stream::ReadResult Socket::read(size_t most_bytes) {
  using Kind = ReadResult::Kind;
  ReadBlock& block = impl_->loop.read_block();
  const std::span<uint8_t> space = block.space();
  const size_t room = std::min(most_bytes, space.size());
  ssize_t count = 0;
  do {
    count = recv(impl_->fd(), space.data(), room, 0);
  } while (count < 0 && errno == EINTR);
  if (const auto bytes = static_cast<size_t>(count); count > 0) {
    return {.kind = Kind::kBytes, .bytes = block.take(bytes), .is_all = bytes < room};
  }
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
  if (count == 0 && !impl_->reset_seen) return {.kind = Kind::kEnd};
  impl_->reset_seen = true;
  return {.kind = Kind::kReset, .status = gone(count == 0 ? ECONNRESET : errno, "read")};
}

void Socket::wait_readable(std::function<void()> handler) {
  impl_->wait(AsioSocket::wait_read, std::move(handler));
}

base::StatusOr<size_t> Socket::write(std::span<const base::Bytes> pieces) {
  size_t taken = 0;
  while (!pieces.empty()) {
    std::array<iovec, kPiecesPerCall> parts;
    const size_t count = std::min(pieces.size(), parts.size());
    size_t offered = 0;
    for (size_t i = 0; i < count; ++i) {
      parts[i] = {const_cast<uint8_t*>(pieces[i].data()), pieces[i].size()};
      offered += pieces[i].size();
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(impl_->fd(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (sent < 0) {
      // A unix socket's EPIPE may be an orderly close, after bytes that can still be read.
      if (impl_->is_tcp || errno != EPIPE) impl_->reset_seen = true;
      return gone(errno, "write");
    }
    taken += static_cast<size_t>(sent);
    if (static_cast<size_t>(sent) < offered) break;
    pieces = pieces.subspan(count);
  }
  return taken;
}

void Socket::wait_writable(std::function<void()> handler) {
  impl_->wait(AsioSocket::wait_write, std::move(handler));
}

void Socket::wait_reset(std::function<void()> handler) { impl_->watch_reset(std::move(handler)); }

base::Status Socket::shutdown_write() {
  if (shutdown(impl_->fd(), SHUT_WR) == 0) return absl::OkStatus();
  return gone(errno, "end of stream");
}

size_t Socket::unacknowledged_bytes() const {
  // After a reset the kernel has dropped them, but goes on counting.
  if (!impl_->is_tcp || impl_->reset_seen) return 0;
  int bytes = 0;
  if (ioctl(impl_->fd(), SIOCOUTQ, &bytes) != 0) return 0;
  return static_cast<size_t>(bytes);
}

void Socket::reset() {
  impl_->reset_seen = true;
  impl_->close();
}

}  // namespace mm::net
