// SPDX-License-Identifier: MIT
#include "net/dial.h"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "unit/net/loopback.h"

using namespace mm::net;
using mm::base::Address;
using mm::base::Code;
using Result = mm::base::StatusOr<std::unique_ptr<Socket>>;

namespace {

constexpr mm::base::Duration kPatience = std::chrono::seconds(10);

Result dial(TestLoop& loop, const Address& target, mm::base::Duration timeout = kPatience) {
  std::optional<Result> result;
  const Dial dial(loop.get(), target, timeout, [&](Result outcome) {
    result = std::move(outcome);
    loop.finish();
  });
  CHECK(!result);
  loop.run();
  REQUIRE(result);
  return *std::move(result);
}

uint16_t port_of(const Fd& fd) { return SocketAddress::local_of(fd.get()).port(); }

// Nobody listens there, on neither address.
uint16_t free_port() { return port_of(plain_listener(*SocketAddress::from_ip("127.0.0.1", 0))); }

// Its queue is full: the kernel drops further connections, so that dials to it hang.
struct FullListener {
  FullListener() {
    for (int i = 0; i < 4; ++i) {
      queued.push_back(plain_socket(AF_INET));
      fcntl(queued.back().get(), F_SETFL, O_NONBLOCK);
      connect(queued.back().get(), address.get(), address.length());
    }
  }

  Fd listener = plain_listener(*SocketAddress::from_ip("127.0.0.1", 0), 0);
  SocketAddress address = SocketAddress::local_of(listener.get());
  std::vector<Fd> queued;
};

}  // namespace

TEST_CASE("dial: reaches a literal, localhost and a bare port, on either address") {
  for (const char* ip : {"127.0.0.1", "::1"}) {
    const Fd listener = plain_listener(*SocketAddress::from_ip(ip, 0));
    for (const char* host : {ip, "localhost", ""}) {
      CAPTURE(ip);
      CAPTURE(host);
      TestLoop loop;
      const Result socket = dial(loop, Address::tcp(host, port_of(listener)));
      REQUIRE(socket.ok());
      const Fd theirs(accept(listener.get(), nullptr, nullptr));
      send_text(theirs, "hello");
      CHECK(read_next(loop, **socket).bytes.text() == "hello");
    }
  }
}

TEST_CASE("dial: a name goes through the resolver") {
  const Fd listener = plain_listener(*SocketAddress::from_ip("127.0.0.1", 0));
  TestLoop loop;
  // To inet_pton() no literal, to getaddrinfo() one: so no name server is asked.
  CHECK(dial(loop, Address::tcp("127.1", port_of(listener))).ok());
}

TEST_CASE("dial: a name that does not exist is said") {
  TestLoop loop;
  const std::string name(70, 'x');  // longer than a label can be: no name server is asked
  const Result socket = dial(loop, Address::tcp(name, 80));
  CHECK(socket.status().code() == Code::kNotFound);
  CHECK(mm::base::message(socket.status()).starts_with("cannot resolve \"" + name + "\": "));
}

TEST_CASE("dial: a refusal names the target as the user wrote it, and the cause") {
  TestLoop loop;
  const uint16_t port = free_port();
  const Result socket = dial(loop, Address::tcp("", port));
  CHECK(socket.status().code() == Code::kUnavailable);
  CHECK(mm::base::message(socket.status()) ==
        "cannot reach localhost:" + std::to_string(port) + ": Connection refused");
}

TEST_CASE("dial: reaches a unix socket") {
  TestLoop loop;
  const TemporaryFolder folder;
  const std::string path = folder.file("socket");
  const Fd listener = plain_listener(*SocketAddress::from_path(path));
  const Result socket = dial(loop, Address::unix_socket(path));
  REQUIRE(socket.ok());
  const Fd theirs(accept(listener.get(), nullptr, nullptr));
  send_text(theirs, "hello");
  CHECK(read_next(loop, **socket).bytes.text() == "hello");
}

TEST_CASE("dial: a unix socket that is not there, or whose process is dead, is said") {
  TestLoop loop;
  const TemporaryFolder folder;
  const std::string path = folder.file("socket");
  const Result absent = dial(loop, Address::unix_socket(path));
  CHECK(absent.status().code() == Code::kNotFound);
  CHECK(mm::base::message(absent.status()) ==
        "cannot reach unix:" + path + ": No such file or directory");
  plain_listener(*SocketAddress::from_path(path));
  CHECK(dial(loop, Address::unix_socket(path)).status().code() == Code::kUnavailable);
  CHECK(dial(loop, Address::unix_socket("")).status().code() == Code::kInvalidArgument);
}

TEST_CASE("dial: waits for a unix socket that is busy") {
  TestLoop loop;
  const TemporaryFolder folder;
  const SocketAddress address = *SocketAddress::from_path(folder.file("socket"));
  const Fd listener = plain_listener(address, 0);
  const Fd queued = plain_connection(address);
  Timer later(loop.get());
  Fd accepted;
  later.after(milliseconds(50), [&] { accepted = Fd(accept(listener.get(), nullptr, nullptr)); });
  CHECK(dial(loop, Address::unix_socket(folder.file("socket"))).ok());
  CHECK(accepted.is_open());
}

TEST_CASE("dial: no answer within the timeout is said") {
  TestLoop loop;
  const FullListener full;
  const Result socket =
      dial(loop, Address::tcp("127.0.0.1", full.address.port()), milliseconds(100));
  CHECK(socket.status().code() == Code::kDeadlineExceeded);
  CHECK(mm::base::message(socket.status()) ==
        "cannot reach " + full.address.text() + ": no answer within 100 ms");
}

TEST_CASE("dial: an address that does not answer does not hold up the next") {
  TestLoop loop;
  const FullListener full;
  const Fd other = plain_listener(*SocketAddress::from_ip("::1", full.address.port()));
  const mm::base::TimePoint start = loop.get().clock().now();
  CHECK(dial(loop, Address::tcp("", full.address.port())).ok());
  CHECK(loop.get().clock().now() - start >= milliseconds(250));
  const Fd accepted(accept(other.get(), nullptr, nullptr));
  CHECK(accepted.is_open());
}

TEST_CASE("dial: waits for an address that may still answer when the others have refused") {
  TestLoop loop;
  const FullListener full;  // on 127.0.0.1, and nobody on ::1
  const Result socket = dial(loop, Address::tcp("", full.address.port()), milliseconds(400));
  CHECK(socket.status().code() == Code::kDeadlineExceeded);
}

TEST_CASE("dial: destroying it gives up without a call and without a trace") {
  TestLoop loop;
  const FullListener full;
  const Fd listener = plain_listener(*SocketAddress::from_ip("127.0.0.1", 0));
  // The loop has descriptors of its own from the first socket on.
  REQUIRE(dial(loop, Address::tcp("127.0.0.1", port_of(listener)), kPatience).ok());
  loop.settle();
  const size_t before = open_descriptors();
  int calls = 0;
  const auto count = [&](Result) { ++calls; };
  {
    const Dial hangs(loop.get(), Address::tcp("127.0.0.1", full.address.port()), kPatience, count);
    const Dial resolves(loop.get(), Address::tcp("127.1", port_of(listener)), kPatience, count);
    Timer later(loop.get());
    later.after(milliseconds(0), loop.done());
    loop.run();
  }
  { const Dial at_once(loop.get(), Address::tcp("", port_of(listener)), kPatience, count); }
  calls = 0;  // the name may have been resolved and reached in that turn
  loop.settle();
  CHECK(calls == 0);
  CHECK(open_descriptors() == before);
}

TEST_CASE("dial: its handler may destroy it, and keep the socket") {
  TestLoop loop;
  const Fd listener = plain_listener(*SocketAddress::from_ip("127.0.0.1", 0));
  std::unique_ptr<Dial> dial;
  std::unique_ptr<Socket> socket;
  dial = std::make_unique<Dial>(loop.get(), Address::tcp("", port_of(listener)), kPatience,
                                [&](Result result) {
                                  dial.reset();
                                  socket = *std::move(result);
                                  loop.finish();
                                });
  loop.run();
  const Fd theirs(accept(listener.get(), nullptr, nullptr));
  send_text(theirs, "hello");
  CHECK(read_next(loop, *socket).bytes.text() == "hello");
}
