// SPDX-License-Identifier: MIT
#include "net/dial.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "net/asio.h"
#include "net/socket_address.h"

namespace mm::net {
namespace {

using base::Address;
using base::Code;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

// RFC 8305, section 8: the delay between attempts ("happy eyeballs").
constexpr base::Duration kNextAddressDelay = std::chrono::milliseconds(250);

// A unix listener whose backlog is full says so at once, in place of letting a dial wait.
constexpr base::Duration kBusyDelay = std::chrono::milliseconds(20);

// "10 s", "1500 ms".
std::string text(base::Duration duration) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (milliseconds % 1000 == 0) return std::to_string(milliseconds / 1000) + " s";
  return std::to_string(milliseconds) + " ms";
}

std::string reason(const asio::error_code& error) {
  if (!error || error == asio::error::host_not_found) return "Host not found";
  if (error == asio::error::host_not_found_try_again) return "the name server does not answer";
  return error.message();
}

// 0, or why the connection on `fd` did not come about. Asking clears it: for a dial only.
int connect_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  if (error != 0) return error;
  // A dial to a free port of this machine can be given that very port as its own, and then reaches
  // itself: nobody listens there.
  const SocketAddress local = SocketAddress::local_of(fd);
  const bool is_itself = local.port() != 0 && local == SocketAddress::peer_of(fd);
  return is_itself ? ECONNREFUSED : 0;
}

}  // namespace

struct Dial::Impl : std::enable_shared_from_this<Impl> {
  struct Attempt {
    int fd;  // the socket's
    std::unique_ptr<Socket> socket;
  };

  Impl(Loop& loop, const Address& target, Handler handler)
      : loop(loop),
        target(target),
        handler(std::move(handler)),
        resolver(Executor(loop)),
        next_timer(loop),
        deadline(loop) {}

  void start(base::Duration timeout);
  void resolve();
  void try_next();
  void try_address(const SocketAddress& address);
  void watch(Attempt attempt);
  void on_outcome(size_t index);
  void on_failure(base::Status status);
  void finish(base::StatusOr<std::unique_ptr<Socket>> result);
  void stop();

  base::Status cannot_reach(int error_number) const {
    return base::errno_error(error_number, "cannot reach " + target.text());
  }

  Loop& loop;
  const Address target;
  Handler handler;  // empty: over
  Resolver resolver;
  std::vector<SocketAddress> addresses;
  size_t next = 0;                // of addresses
  size_t under_way = 0;           // attempts that have neither failed nor won
  std::vector<Attempt> attempts;  // a failed one has no socket
  base::Status first_failure;
  Timer next_timer;
  Timer deadline;
};

Dial::Dial(Loop& loop, const Address& target, base::Duration timeout, Handler handler)
    : impl_(std::make_shared<Impl>(loop, target, std::move(handler))) {
  impl_->start(timeout);
}

Dial::~Dial() { impl_->stop(); }

void Dial::Impl::start(base::Duration timeout) {
  deadline.after(timeout, [this, timeout] {
    finish(base::error(Code::kDeadlineExceeded,
                       "cannot reach " + target.text() + ": no answer within " + text(timeout)));
  });
  if (target.kind == Address::Kind::kTcp) {
    addresses = known_addresses(target.host, target.port);
    if (addresses.empty()) return resolve();
  } else {
    const base::StatusOr<SocketAddress> path = SocketAddress::from_path(target.path);
    if (path.ok()) {
      addresses.push_back(*path);
    } else {
      first_failure = base::within(path.status(), "cannot reach " + target.text());
    }
  }
  next_timer.after(base::Duration::zero(), [this] { try_next(); });
}

void Dial::Impl::resolve() {
  resolver.async_resolve(
      target.host, std::to_string(target.port), Resolver::numeric_service,
      [self = shared_from_this()](const asio::error_code& error, Resolver::results_type found) {
        if (!self->handler) return;
        if (error || found.empty()) {
          return self->finish(base::error(
              Code::kNotFound, "cannot resolve \"" + self->target.host + "\": " + reason(error)));
        }
        for (const auto& entry : found) {
          self->addresses.emplace_back(entry.endpoint().data(), entry.endpoint().size());
        }
        self->try_next();
      });
}

// Starts on the next address, and finishes if there is none and nothing is under way.
void Dial::Impl::try_next() {
  if (next == addresses.size()) {
    if (under_way == 0) finish(first_failure);
    return;
  }
  next_timer.after(kNextAddressDelay, [this] { try_next(); });
  try_address(addresses[next++]);
}

void Dial::Impl::try_address(const SocketAddress& address) {
  Fd fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return on_failure(cannot_reach(errno));
  if (::connect(fd.get(), address.get(), address.length()) != 0 && errno != EINPROGRESS) {
    if (errno != EAGAIN || address.family() != AF_UNIX) return on_failure(cannot_reach(errno));
    --next;
    return next_timer.after(kBusyDelay, [this] { try_next(); });
  }
  const int number = fd.get();
  base::StatusOr<std::unique_ptr<Socket>> socket = Socket::adopt(loop, std::move(fd));
  if (!socket.ok())
    return on_failure(base::within(socket.status(), "cannot reach " + target.text()));
  watch({number, *std::move(socket)});
}

void Dial::Impl::watch(Attempt attempt) {
  ++under_way;
  attempts.push_back(std::move(attempt));
  // On the same machine it is there at once, and the loop need not be asked.
  pollfd state{attempts.back().fd, POLLOUT, 0};
  if (poll(&state, 1, 0) > 0) return on_outcome(attempts.size() - 1);
  attempts.back().socket->wait_writable([this, index = attempts.size() - 1] { on_outcome(index); });
}

void Dial::Impl::on_outcome(size_t index) {
  Attempt& attempt = attempts[index];
  --under_way;
  const int error = connect_error(attempt.fd);
  // A connection that does not come about is refused or times out; one that came about and was
  // reset since may still hold what the target said before.
  const bool was_reset = error == ECONNRESET || error == EPIPE;
  if (was_reset) attempt.socket->reset_was_noticed();
  if (error == 0 || was_reset) return finish(std::move(attempt.socket));
  attempt.socket.reset();
  on_failure(cannot_reach(error));
}

void Dial::Impl::on_failure(base::Status status) {
  if (first_failure.ok()) first_failure = std::move(status);
  try_next();
}

void Dial::Impl::finish(base::StatusOr<std::unique_ptr<Socket>> result) {
  const std::shared_ptr<Impl> self = shared_from_this();  // the handler may destroy the dial
  const Handler call = std::exchange(handler, nullptr);
  stop();
  call(std::move(result));
}

void Dial::Impl::stop() {
  handler = nullptr;
  resolver.cancel();
  next_timer.cancel();
  deadline.cancel();
  // The target may have accepted already: an attempt that is given up is no orderly end to it.
  for (const Attempt& attempt : attempts) {
    if (attempt.socket) attempt.socket->reset();
  }
  attempts.clear();
}

}  // namespace mm::net
