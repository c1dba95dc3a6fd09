// SPDX-License-Identifier: MIT
#include "net/bind.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "net/socket_address.h"

namespace mm::net {
namespace {

using base::Address;
using base::Code;

// How many port numbers are tried until one is free on every address.
constexpr int kPortTries = 10;

// The most that the kernel takes: it cuts the number down to net.core.somaxconn.
constexpr int kBacklog = 1 << 16;

base::Status cannot_listen(const std::string& where, Code code, const std::string& why) {
  return base::error(code, "cannot listen on " + where + ": " + why);
}

base::Status cannot_listen(const SocketAddress& address, int error_number) {
  const std::string where = address.text();
  switch (error_number) {
    case EADDRINUSE:
      return cannot_listen(where, Code::kAlreadyExists,
                           "already in use by another program; use another");
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return cannot_listen(where, Code::kUnavailable,
                           "this machine does not have that address; use one of its own");
    case EACCES:
      return cannot_listen(where, Code::kPermissionDenied,
                           address.family() == AF_UNIX
                               ? "not allowed; use a path in a folder of your own"
                               : "not allowed; ports below 1024 are for root: use a higher one");
    case ENOENT:
      return cannot_listen(where, Code::kNotFound,
                           "there is no such folder, or nothing can be made in it");
    default:
      return base::errno_error(error_number, "cannot listen on " + where);
  }
}

// A listening socket; `error` is set to 0, or to the errno value that the kernel refused with.
Fd bind_one(const SocketAddress& address, int& error) {
  Fd fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) {
    error = errno;
    return fd;
  }
  const int on = 1;
  if (address.family() == AF_UNIX) {
    fchmod(fd.get(), 0600);  // bind() makes the file with the mode of the socket, less the umask
  } else {
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // past TIME_WAIT
  }
  const bool is_bound = bind(fd.get(), address.get(), address.length()) == 0;
  error = is_bound && listen(fd.get(), kBacklog) == 0 ? 0 : errno;
  return fd;
}

// ---- TCP

base::StatusOr<std::vector<SocketAddress>> addresses_of(const Address& address) {
  std::vector<SocketAddress> found = known_addresses(address.host, address.port);
  if (!found.empty()) return found;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failure = getaddrinfo(address.host.c_str(), nullptr, &hints, &list);
  if (failure != 0) {
    return cannot_listen(address.text(), Code::kNotFound, gai_strerror(failure));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    SocketAddress candidate(item->ai_addr, item->ai_addrlen);
    candidate.set_port(address.port);
    if (std::find(found.begin(), found.end(), candidate) == found.end()) found.push_back(candidate);
  }
  return found;
}

// One socket for each of `addresses` that this machine has, all with the port number of the first.
base::StatusOr<std::vector<BoundSocket>> bind_with_one_port(std::vector<SocketAddress> addresses) {
  std::vector<BoundSocket> bound;
  base::Status missing;
  for (SocketAddress& address : addresses) {
    if (!bound.empty()) address.set_port(bound.front().port);
    int error = 0;
    Fd fd = bind_one(address, error);
    if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) {
      if (missing.ok()) missing = cannot_listen(address, error);
    } else if (error != 0) {
      return cannot_listen(address, error);
    } else {
      const SocketAddress real = SocketAddress::local_of(fd.get());
      bound.push_back({std::move(fd), real.port(), real.text(), nullptr});
    }
  }
  if (bound.empty()) return missing;
  return bound;
}

base::StatusOr<std::vector<BoundSocket>> bind_tcp(const Address& address) {
  const base::StatusOr<std::vector<SocketAddress>> addresses = addresses_of(address);
  if (!addresses.ok()) return addresses.status();
  for (int tries = 1;; ++tries) {
    base::StatusOr<std::vector<BoundSocket>> bound = bind_with_one_port(*addresses);
    const bool other_port_may_do =
        address.port == 0 && bound.status().code() == Code::kAlreadyExists;
    if (!other_port_may_do || tries == kPortTries) return bound;
  }
}

// ---- unix

// Removes the socket that a dead process left; an error if `address` is anything else that exists.
base::Status make_way(const SocketAddress& address, const std::string& path) {
  struct stat existing {};
  if (lstat(path.c_str(), &existing) != 0) return absl::OkStatus();
  if (!S_ISSOCK(existing.st_mode)) {
    return cannot_listen(address.text(), Code::kAlreadyExists,
                         "that is a file and not a socket; remove it or use another path");
  }
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.is_open()) return cannot_listen(address, errno);
  const int error = ::connect(probe.get(), address.get(), address.length()) == 0 ? 0 : errno;
  if (error == 0 || error == EAGAIN) return cannot_listen(address, EADDRINUSE);  // EAGAIN: busy
  if (error != ECONNREFUSED && error != ENOENT) return cannot_listen(address, error);
  if (error == ECONNREFUSED && unlink(path.c_str()) != 0 && errno != ENOENT) {
    return cannot_listen(address, errno);
  }
  return absl::OkStatus();
}

base::StatusOr<std::vector<BoundSocket>> bind_unix(const Address& address) {
  const base::StatusOr<SocketAddress> path = SocketAddress::from_path(address.path);
  if (!path.ok()) return base::within(path.status(), "cannot listen on " + address.text());
  const base::Status status = make_way(*path, address.path);
  if (!status.ok()) return status;
  int error = 0;
  Fd fd = bind_one(*path, error);
  if (error != 0) return cannot_listen(*path, error);
  std::vector<BoundSocket> bound;
  bound.push_back({std::move(fd), 0, address.text(), std::make_unique<SocketFile>(address.path)});
  return bound;
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat made {};
  if (lstat(path_.c_str(), &made) != 0) return;
  device_ = made.st_dev;
  inode_ = made.st_ino;
}

SocketFile::~SocketFile() {
  struct stat now {};
  if (inode_ == 0 || lstat(path_.c_str(), &now) != 0) return;
  if (now.st_dev == device_ && now.st_ino == inode_) unlink(path_.c_str());
}

base::StatusOr<std::vector<BoundSocket>> bind_all(const Address& address) {
  return address.kind == Address::Kind::kTcp ? bind_tcp(address) : bind_unix(address);
}

std::string outward_address(bool prefers_ipv6) {
  // Anywhere: of the blocks for documentation (RFC 5737, RFC 3849), which nobody has.
  const char* const anywhere[] = {prefers_ipv6 ? "2001:db8::1" : "192.0.2.1",
                                  prefers_ipv6 ? "192.0.2.1" : "2001:db8::1"};
  constexpr uint16_t kAnyPort = 9;
  for (const char* ip : anywhere) {
    const auto address = SocketAddress::from_ip(ip, kAnyPort);
    const Fd fd(socket(address->family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0 || connect(fd.get(), address->get(), address->length()) != 0) continue;
    const std::string text = SocketAddress::local_of(fd.get()).text();
    const std::string host = text.substr(0, text.rfind(':'));
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
  }
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0) return "localhost";
  return name;
}

}  // namespace mm::net
