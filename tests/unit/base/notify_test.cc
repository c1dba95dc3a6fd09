// SPDX-License-Identifier: MIT
#include "base/notify.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "unit/scratch.h"

using namespace mm::base;

namespace {

// A service manager's socket, at a path or, with '@', at an abstract name.
class Manager {
 public:
  explicit Manager(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }
  ~Manager() { close(fd_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Empty: nothing was told.
  std::string told() {
    char text[256];
    const ssize_t count = recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return count < 0 ? "" : std::string(text, static_cast<size_t>(count));
  }

 private:
  int fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

}  // namespace

TEST_CASE("notify: a service manager is told, at a path and at an abstract name") {
  const Scratch scratch;
  const std::string abstract = "@mindmeld-notify-test-" + std::to_string(getpid());
  for (const std::string& name : {scratch.folder() + "/notify", abstract}) {
    CAPTURE(name);
    Manager manager(name);
    CHECK(notify(name, "READY=1").ok());
    CHECK(manager.told() == "READY=1");
    CHECK(manager.told().empty());
  }
}

TEST_CASE("notify: where nobody asks nothing is done") { CHECK(notify("", "READY=1").ok()); }

TEST_CASE("notify: nobody there, or no address, is an error") {
  const Scratch scratch;
  CHECK(message(notify(scratch.folder() + "/none", "READY=1")) == "No such file or directory");
  CHECK(message(notify("vsock:2:1", "READY=1")) == "not a socket's address");
  CHECK(message(notify("/" + std::string(200, 'x'), "READY=1")) == "not a socket's address");
}
