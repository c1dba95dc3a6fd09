// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/asio.h"
#include "net/bind.h"
#include "ops/log.h"

namespace mm::net {
namespace {

// How long accepting rests when the machine or the process has run out of something: trying at once
// would spin, because the connection that cannot be accepted stays in the queue.
constexpr base::Duration kRest = std::chrono::milliseconds(100);

// Connections taken in a row before other handlers of the loop get their turn.
constexpr int kAcceptsPerTurn = 64;

// What concerns the one connection that was to be accepted (accept(2), "Error handling").
bool is_of_that_connection(int error_number) {
  switch (error_number) {
    case ECONNABORTED:
    case EINTR:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct Listener::Impl : std::enable_shared_from_this<Impl> {
  struct Acceptor {
    Acceptor(Loop& loop, std::string address)
        : descriptor(Executor(loop)), address(std::move(address)), rest(loop) {}

    AsioDescriptor descriptor;
    std::string address;
    Timer rest;
    bool is_out_of_something = false;  // said once, until accepting goes on
  };

  // Not OK: the kernel cannot watch one more.
  using Take = std::function<base::Status(Fd)>;

  Impl(Loop& loop, Take take) : loop(loop), take(std::move(take)) {}

  base::Status add(BoundSocket bound);
  void wait(Acceptor& acceptor);
  void accept(Acceptor& acceptor);
  base::Status accept_one(Acceptor& acceptor, bool& is_empty);
  void rest(Acceptor& acceptor, const base::Status& why);

  Loop& loop;
  Take take;
  std::vector<std::string> addresses;
  uint16_t port = 0;
  std::vector<std::unique_ptr<SocketFile>> files;
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  bool is_open = true;
};

base::Status Listener::Impl::add(BoundSocket bound) {
  auto acceptor = std::make_unique<Acceptor>(loop, bound.text);
  asio::error_code error;
  acceptor->descriptor.assign(bound.fd.get(), error);
  if (error) return base::errno_error(error.value(), "cannot listen on " + bound.text);
  bound.fd.release();
  port = bound.port;
  addresses.push_back(std::move(bound.text));
  if (bound.file) files.push_back(std::move(bound.file));
  wait(*acceptors.emplace_back(std::move(acceptor)));
  return absl::OkStatus();
}

void Listener::Impl::wait(Acceptor& acceptor) {
  acceptor.descriptor.async_wait(AsioDescriptor::wait_read,
                                 [impl = shared_from_this(), &acceptor](const asio::error_code&) {
                                   if (impl->is_open) impl->accept(acceptor);
                                 });
}

void Listener::Impl::accept(Acceptor& acceptor) {
  const std::shared_ptr<Impl> self = shared_from_this();  // the handler may destroy the listener
  bool is_empty = false;
  for (int i = 0; i < kAcceptsPerTurn && !is_empty; ++i) {
    const base::Status status = accept_one(acceptor, is_empty);
    if (!is_open) return;
    if (!status.ok()) return rest(acceptor, status);
  }
  wait(acceptor);
}

base::Status Listener::Impl::accept_one(Acceptor& acceptor, bool& is_empty) {
  Fd fd(
      accept4(acceptor.descriptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.is_open()) {
    is_empty = errno == EAGAIN || errno == EWOULDBLOCK;
    if (is_empty || is_of_that_connection(errno)) return absl::OkStatus();
    return base::errno_error(errno, "accept");
  }
  const base::Status taken = take(std::move(fd));
  if (is_open && taken.ok()) acceptor.is_out_of_something = false;
  return taken;
}

void Listener::Impl::rest(Acceptor& acceptor, const base::Status& why) {
  if (!std::exchange(acceptor.is_out_of_something, true)) {
    ops::log(ops::Level::kError, "listener.cannot_accept",
             {{"address", acceptor.address}, {"why", base::message(why)}});
  }
  acceptor.rest.after(kRest, [this, &acceptor] { accept(acceptor); });
}

base::StatusOr<std::unique_ptr<Listener>> Listener::open(Loop& loop, const base::Address& address,
                                                         Handler handler) {
  return listen(loop, address, [&loop, handler = std::move(handler)](Fd fd) {
    auto socket = Socket::adopt(loop, std::move(fd));
    const base::Status adopted = socket.status();
    if (adopted.ok()) handler(*std::move(socket));
    return adopted;
  });
}

base::StatusOr<std::unique_ptr<Listener>> Listener::open_unwatched(Loop& loop,
                                                                   const base::Address& address,
                                                                   FdHandler handler) {
  return listen(loop, address, [handler = std::move(handler)](Fd fd) {
    handler(std::move(fd));
    return base::Status();
  });
}

base::StatusOr<std::unique_ptr<Listener>> Listener::listen(Loop& loop, const base::Address& address,
                                                           std::function<base::Status(Fd)> take) {
  base::StatusOr<std::vector<BoundSocket>> bound = bind_all(address);
  if (!bound.ok()) return bound.status();
  auto impl = std::make_shared<Impl>(loop, std::move(take));
  for (BoundSocket& socket : *bound) {
    const base::Status status = impl->add(std::move(socket));
    if (!status.ok()) return status;
  }
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() { close(); }

const std::vector<std::string>& Listener::local_addresses() const { return impl_->addresses; }

uint16_t Listener::port() const { return impl_->port; }

void Listener::close() {
  impl_->is_open = false;
  impl_->acceptors.clear();
  impl_->files.clear();
}

}  // namespace mm::net
