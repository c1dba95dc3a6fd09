// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <vector>

#include "unit/net/loopback.h"

using namespace mm::net;
using mm::base::Address;
using mm::base::Code;

namespace {

// Listens, and keeps what is accepted.
struct Accepting {
  explicit Accepting(TestLoop& loop, const Address& address)
      : listener(Listener::open(loop.get(), address, [this, &loop](std::unique_ptr<Socket> socket) {
          sockets.push_back(std::move(socket));
          if (sockets.size() == wanted) loop.finish();
        })) {}

  std::vector<std::unique_ptr<Socket>> sockets;
  size_t wanted = 1;
  mm::base::StatusOr<std::unique_ptr<Listener>> listener;
};

std::string why_not(TestLoop& loop, const Address& address) {
  const auto listener = Listener::open(loop.get(), address, [](std::unique_ptr<Socket>) {});
  return listener.ok() ? "it listens" : mm::base::message(listener.status());
}

}  // namespace

TEST_CASE("listener: a bare port is one number on 127.0.0.1 and ::1") {
  TestLoop loop;
  Accepting accepting(loop, Address::tcp("", 0));
  REQUIRE(accepting.listener.ok());
  const uint16_t port = (*accepting.listener)->port();
  REQUIRE(port != 0);
  const auto& addresses = (*accepting.listener)->local_addresses();
  REQUIRE(addresses.size() == 2);
  CHECK(addresses[0] == "127.0.0.1:" + std::to_string(port));
  CHECK(addresses[1] == "[::1]:" + std::to_string(port));
  const Fd first = plain_connection(*SocketAddress::from_ip("127.0.0.1", port));
  const Fd second = plain_connection(*SocketAddress::from_ip("::1", port));
  accepting.wanted = 2;
  loop.run();
}

TEST_CASE("listener: what it accepts is connected to who dialled") {
  TestLoop loop;
  Accepting accepting(loop, Address::tcp("127.0.0.1", 0));
  REQUIRE(accepting.listener.ok());
  const uint16_t port = (*accepting.listener)->port();
  const Fd client = plain_connection(*SocketAddress::from_ip("127.0.0.1", port));
  loop.run();
  send_text(client, "hello");
  CHECK(read_next(loop, *accepting.sockets[0]).bytes.text() == "hello");
}

TEST_CASE("listener: a port that another program has is named in the error") {
  TestLoop loop;
  const Fd other = plain_listener(*SocketAddress::from_ip("127.0.0.1", 0));
  const uint16_t port = SocketAddress::local_of(other.get()).port();
  const auto listener =
      Listener::open(loop.get(), Address::tcp("", port), [](std::unique_ptr<Socket>) {});
  CHECK(listener.status().code() == Code::kAlreadyExists);
  CHECK(mm::base::message(listener.status()) ==
        "cannot listen on 127.0.0.1:" + std::to_string(port) +
            ": already in use by another program; use another");
}

TEST_CASE("listener: a bare port that is taken on ::1 alone is taken") {
  TestLoop loop;
  const size_t before = open_descriptors();
  const Fd other = plain_listener(*SocketAddress::from_ip("::1", 0));
  const uint16_t port = SocketAddress::local_of(other.get()).port();
  CHECK(why_not(loop, Address::tcp("", port)) ==
        "cannot listen on [::1]:" + std::to_string(port) +
            ": already in use by another program; use another");
  CHECK(open_descriptors() == before + 1);
}

TEST_CASE("listener: an address of another machine is an error in words") {
  TestLoop loop;
  CHECK(
      why_not(loop, Address::tcp("192.0.2.1", 0)) ==
      "cannot listen on 192.0.2.1:0: this machine does not have that address; use one of its own");
}

TEST_CASE("listener: a name is resolved") {
  TestLoop loop;
  Accepting accepting(loop, Address::tcp("127.1", 0));  // to the resolver a name, without DNS
  REQUIRE(accepting.listener.ok());
  CHECK((*accepting.listener)->local_addresses().size() == 1);
}

TEST_CASE("listener: a port can be listened on again at once") {
  TestLoop loop;
  uint16_t port = 0;
  {
    Accepting accepting(loop, Address::tcp("127.0.0.1", 0));
    REQUIRE(accepting.listener.ok());
    port = (*accepting.listener)->port();
    const Fd client = plain_connection(*SocketAddress::from_ip("127.0.0.1", port));
    loop.run();
    accepting.sockets.clear();  // we close first: the kernel keeps it in TIME_WAIT
    CHECK(receive_all(client).empty());
  }
  CHECK(Accepting(loop, Address::tcp("127.0.0.1", port)).listener.ok());
}

TEST_CASE("listener: after close() a dial is refused and no handler runs") {
  TestLoop loop;
  Accepting accepting(loop, Address::tcp("127.0.0.1", 0));
  REQUIRE(accepting.listener.ok());
  const SocketAddress address = *SocketAddress::from_ip("127.0.0.1", (*accepting.listener)->port());
  const Fd waiting = plain_connection(address);
  (*accepting.listener)->close();
  loop.settle();
  CHECK(accepting.sockets.empty());
  const Fd late = plain_socket(AF_INET);
  CHECK(connect(late.get(), address.get(), address.length()) != 0);
  CHECK(errno == ECONNREFUSED);
}

TEST_CASE("listener: its handler may destroy it") {
  TestLoop loop;
  std::unique_ptr<Listener> listener;
  int accepted = 0;
  auto opened =
      Listener::open(loop.get(), Address::tcp("127.0.0.1", 0), [&](std::unique_ptr<Socket>) {
        ++accepted;
        listener.reset();
        loop.finish();
      });
  REQUIRE(opened.ok());
  listener = *std::move(opened);
  const SocketAddress address = *SocketAddress::from_ip("127.0.0.1", listener->port());
  const Fd first = plain_connection(address);
  const Fd second = plain_connection(address);
  loop.run();
  loop.settle();
  CHECK(accepted == 1);
}

TEST_CASE("listener: a unix socket is its owner's alone, and goes with the listener") {
  TestLoop loop;
  const TemporaryFolder folder;
  const std::string path = folder.file("socket");
  {
    Accepting accepting(loop, Address::unix_socket(path));
    REQUIRE(accepting.listener.ok());
    CHECK((*accepting.listener)->local_addresses() == std::vector{"unix:" + path});
    CHECK((*accepting.listener)->port() == 0);
    struct stat made {};
    REQUIRE(stat(path.c_str(), &made) == 0);
    CHECK((made.st_mode & 0777) == 0600);
    const Fd client = plain_connection(*SocketAddress::from_path(path));
    loop.run();
  }
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("listener: a unix socket that a dead process left is replaced") {
  TestLoop loop;
  const TemporaryFolder folder;
  const std::string path = folder.file("socket");
  plain_listener(*SocketAddress::from_path(path));
  REQUIRE(std::filesystem::exists(path));
  CHECK(Accepting(loop, Address::unix_socket(path)).listener.ok());
}

TEST_CASE("listener: a unix socket in use and a file are left alone") {
  TestLoop loop;
  const TemporaryFolder folder;
  const std::string socket = folder.file("socket");
  const Fd other = plain_listener(*SocketAddress::from_path(socket));
  CHECK(why_not(loop, Address::unix_socket(socket)) ==
        "cannot listen on unix:" + socket + ": already in use by another program; use another");
  CHECK(std::filesystem::exists(socket));
  const std::string file = folder.file("file");
  std::ofstream(file) << "precious";
  CHECK(why_not(loop, Address::unix_socket(file)) ==
        "cannot listen on unix:" + file +
            ": that is a file and not a socket; remove it or use another path");
  CHECK(std::filesystem::file_size(file) == 8);
}

TEST_CASE("listener: a unix socket whose path another took over is not removed") {
  TestLoop loop;
  const TemporaryFolder folder;
  const std::string path = folder.file("socket");
  Fd other;
  {
    Accepting accepting(loop, Address::unix_socket(path));
    REQUIRE(accepting.listener.ok());
    std::filesystem::rename(path, folder.file("moved"));
    other = plain_listener(*SocketAddress::from_path(path));
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("listener: a unix path that does not do is an error in words") {
  TestLoop loop;
  CHECK(why_not(loop, Address::unix_socket("/nowhere/at/all")) ==
        "cannot listen on unix:/nowhere/at/all: there is no such folder, or nothing can be made in "
        "it");
  CHECK(why_not(loop, Address::unix_socket(std::string(200, 'p'))) ==
        "cannot listen on unix:" + std::string(200, 'p') +
            ": the path of a socket has 1 to 107 bytes");
}

namespace {

// In a process of its own, whose standard error is `log`: runs out of descriptors for a while with
// three connections waiting. The exit code is how many were accepted in the end.
[[noreturn]] void run_out_of_descriptors(const Fd& log) {
  dup2(log.get(), STDERR_FILENO);
  TestLoop loop;
  Accepting accepting(loop, Address::tcp("127.0.0.1", 0));
  accepting.wanted = 3;
  const SocketAddress address = *SocketAddress::from_ip("127.0.0.1", (*accepting.listener)->port());
  const Fd clients[] = {plain_connection(address), plain_connection(address),
                        plain_connection(address)};
  const Fd lowest_free(dup(STDIN_FILENO));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{static_cast<rlim_t>(lowest_free.get()), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  Timer relief(loop.get());
  relief.after(milliseconds(250), [&] { setrlimit(RLIMIT_NOFILE, &before); });
  const milliseconds cpu_before = cpu_time();
  loop.run();
  const bool has_spun = cpu_time() - cpu_before > kSpinning;
  _exit(has_spun ? 100 : static_cast<int>(accepting.sockets.size()));
}

}  // namespace

TEST_CASE("listener: out of descriptors it says so once, does not spin, and goes on by itself") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const Fd log(ends[0]);
  Fd child_log(ends[1]);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) run_out_of_descriptors(child_log);
  child_log = Fd();
  const std::string text = receive_all(log);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
  const size_t line = text.find("listener.cannot_accept");
  CHECK(line != std::string::npos);
  CHECK(text.find("Too many open files") != std::string::npos);
  CHECK(text.find("listener.cannot_accept", line + 1) == std::string::npos);
}
