// SPDX-License-Identifier: MIT
#include "net/socket.h"

#include <doctest/doctest.h>
#include <netinet/tcp.h>

#include <thread>
#include <vector>

#include "unit/net/loopback.h"

using namespace mm::net;
using mm::base::Bytes;

TEST_CASE("socket: TCP has no delay, keepalive 60/10/3 and urgent bytes in line") {
  TestLoop loop;
  const Fd listener = plain_listener(*SocketAddress::from_ip("127.0.0.1", 0));
  const Fd theirs = plain_connection(SocketAddress::local_of(listener.get()));
  Fd accepted(accept(listener.get(), nullptr, nullptr));
  const int fd = accepted.get();
  const auto ours = adopt(loop.get(), std::move(accepted));
  CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 10);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPCNT) == 3);
  CHECK(option(fd, SOL_SOCKET, SO_OOBINLINE) == 1);
}

TEST_CASE("socket: what is no socket cannot be taken over, and is closed") {
  TestLoop loop;
  const size_t before = open_descriptors();
  CHECK(!Socket::adopt(loop.get(), Fd(open("/dev/null", O_RDONLY | O_CLOEXEC))).ok());
  CHECK(open_descriptors() == before);
}

TEST_CASE("socket: reads no more than asked, and nothing when there is nothing") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  CHECK(pair.ours->read(10).kind == Kind::kWouldBlock);
  send_text(pair.theirs, "hello, world");
  CHECK(read_next(loop, *pair.ours, 5).bytes.text() == "hello");
  CHECK(pair.ours->read(100).bytes.text() == ", world");
  CHECK(pair.ours->read(100).kind == Kind::kWouldBlock);
}

TEST_CASE("socket: writing nothing does nothing") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  CHECK(*pair.ours->write({}) == 0);
  const Bytes empty;
  CHECK(*pair.ours->write({&empty, 1}) == 0);
  CHECK(pair.ours->unacknowledged_bytes() == 0);
}

TEST_CASE("socket: many pieces arrive in order, more than one system call takes") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  const std::string whole = pattern(1000);
  std::vector<Bytes> pieces;
  for (size_t i = 0; i < whole.size(); i += 5) {
    pieces.push_back(Bytes::copy_of(std::string_view(whole).substr(i, 5)));
  }
  CHECK(*pair.ours->write(pieces) == whole.size());
  REQUIRE(pair.ours->shutdown_write().ok());
  CHECK(receive_all(pair.theirs) == whole);
}

// More pieces than one system call takes, and more bytes than the kernel takes of them.
constexpr size_t kPieceBytes = 40'000;

TEST_CASE("socket: a slow reader gets everything, in partial writes") {
  for (auto* make : {tcp_pair, unix_pair}) {
    TestLoop loop;
    Pair pair = make(loop.get());
    const std::string whole = pattern(8 << 20);
    std::string received;
    std::thread reader([&] { received = receive_all(pair.theirs); });
    std::vector<Bytes> pieces;
    for (size_t i = 0; i < whole.size(); i += kPieceBytes) {
      pieces.push_back(Bytes::copy_of(std::string_view(whole).substr(i, kPieceBytes)));
    }
    write_all(loop, *pair.ours, pieces);
    CHECK(pair.ours->shutdown_write().ok());
    reader.join();
    CHECK(received == whole);
  }
}

TEST_CASE("socket: the kernel takes little for a reader that takes nothing") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  const Bytes piece = Bytes::copy_of(std::string(64 << 10, 'x'));
  size_t taken = 0;
  for (size_t part = 1; part > 0; taken += part) part = *pair.ours->write({&piece, 1});
  CHECK(taken >= 256 << 10);
  CHECK(taken < 1 << 20);  // 2.5 MiB and more without a limit
}

TEST_CASE("socket: a fast writer is read in blocks") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  const std::string whole = pattern(8 << 20);
  std::thread writer([&] {
    send_text(pair.theirs, whole);
    shutdown(pair.theirs.get(), SHUT_WR);
  });
  Kind end{};
  const std::string received = read_all(loop, *pair.ours, end);
  writer.join();
  CHECK(received == whole);
  CHECK(end == Kind::kEnd);
}

TEST_CASE("socket: an urgent byte keeps its place") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  send_text(pair.theirs, "ab");
  send_text(pair.theirs, "!", MSG_OOB);
  send_text(pair.theirs, "cd");
  shutdown(pair.theirs.get(), SHUT_WR);
  Kind end{};
  CHECK(read_all(loop, *pair.ours, end) == "ab!cd");
}
