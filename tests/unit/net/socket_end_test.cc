// SPDX-License-Identifier: MIT
// How a connection ends: in order, by a reset, and what each end sees of it.
#include <doctest/doctest.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "net/socket.h"
#include "unit/net/loopback.h"

using namespace mm::net;
using mm::base::Bytes;
using mm::base::Code;

namespace {

// All of `fd`'s bytes are in the memory of the other side's kernel.
bool is_delivered(const Fd& fd) {
  int left = -1;
  return ioctl(fd.get(), SIOCOUTQ, &left) == 0 && left == 0;
}

// What the kernel holds for `fd` has arrived up to and including `event`.
void await_event(const Fd& fd, short event) {
  pollfd state{fd.get(), event, 0};
  REQUIRE(poll(&state, 1, 20'000) == 1);
}

}  // namespace

TEST_CASE("socket: their end of stream leaves our direction open") {
  for (auto* make : {tcp_pair, unix_pair}) {
    TestLoop loop;
    Pair pair = make(loop.get());
    send_text(pair.theirs, "question");
    shutdown(pair.theirs.get(), SHUT_WR);
    Kind end{};
    CHECK(read_all(loop, *pair.ours, end) == "question");
    CHECK(end == Kind::kEnd);
    CHECK(pair.ours->read(10).kind == Kind::kEnd);
    write_all(loop, *pair.ours, Bytes::copy_of("answer"));
    CHECK(pair.ours->shutdown_write().ok());
    CHECK(receive_all(pair.theirs) == "answer");
  }
}

TEST_CASE("socket: our end of stream leaves their direction open") {
  for (auto* make : {tcp_pair, unix_pair}) {
    TestLoop loop;
    Pair pair = make(loop.get());
    write_all(loop, *pair.ours, Bytes::copy_of("question"));
    REQUIRE(pair.ours->shutdown_write().ok());
    CHECK(receive_all(pair.theirs) == "question");
    send_text(pair.theirs, "answer");
    shutdown(pair.theirs.get(), SHUT_WR);
    Kind end{};
    CHECK(read_all(loop, *pair.ours, end) == "answer");
    CHECK(end == Kind::kEnd);
  }
}

TEST_CASE("socket: an end of stream without a byte is an end, not an error") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  pair.theirs = Fd();
  CHECK(read_next(loop, *pair.ours).kind == Kind::kEnd);
}

TEST_CASE("socket: an urgent byte is no reset, and does not spin while it lies unread") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  bool is_reset = false;
  pair.ours->wait_reset([&] {
    is_reset = true;
    loop.finish();
  });
  send_text(pair.theirs, "!", MSG_OOB);
  Timer later(loop.get());
  later.after(milliseconds(300), loop.done());
  const milliseconds before = cpu_time();
  loop.run();
  CHECK(!is_reset);
  CHECK(cpu_time() - before < kSpinning);
  reset_plain(std::move(pair.theirs));
  loop.run();
  CHECK(is_reset);
}

TEST_CASE("socket: a reset is seen while nobody reads") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  pair.ours->wait_reset(loop.done());
  reset_plain(std::move(pair.theirs));
  loop.run();
  CHECK(pair.ours->read(10).kind == Kind::kReset);
  CHECK(pair.ours->read(10).kind == Kind::kReset);
}

TEST_CASE("socket: a reset that came before the wait is seen") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  reset_plain(std::move(pair.theirs));
  pair.ours->wait_reset(loop.done());
  loop.run();
}

TEST_CASE("socket: a reset is seen after their end of stream was read") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  shutdown(pair.theirs.get(), SHUT_WR);
  CHECK(read_next(loop, *pair.ours).kind == Kind::kEnd);
  pair.ours->wait_reset(loop.done());
  reset_plain(std::move(pair.theirs));
  loop.run();
  CHECK(pair.ours->read(10).kind == Kind::kReset);
}

TEST_CASE("socket: a reset is seen after our end of stream") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  REQUIRE(pair.ours->shutdown_write().ok());
  pair.ours->wait_reset(loop.done());
  reset_plain(std::move(pair.theirs));
  loop.run();
  CHECK(read_next(loop, *pair.ours).kind == Kind::kReset);
}

TEST_CASE("socket: a reader that waits is woken by a reset, and told why") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  CHECK(pair.ours->read(10).kind == Kind::kWouldBlock);
  pair.ours->wait_readable(loop.done());
  reset_plain(std::move(pair.theirs));
  loop.run();
  const Stream::ReadResult result = pair.ours->read(10);
  CHECK(result.kind == Kind::kReset);
  CHECK(result.status.code() == Code::kAborted);
  CHECK(mm::base::message(result.status) == "read: Connection reset by peer");
}

TEST_CASE("socket: bytes that came before a reset are read in full, then it is never a clean end") {
  enum class First { kRead, kWaitReset, kWrite };
  for (const First first : {First::kRead, First::kWaitReset, First::kWrite}) {
    CAPTURE(static_cast<int>(first));
    TestLoop loop;
    Pair pair = tcp_pair(loop.get());
    const std::string whole = pattern(30'000);
    send_text(pair.theirs, whole);
    REQUIRE(is_delivered(pair.theirs));
    reset_plain(std::move(pair.theirs));
    if (first == First::kWaitReset) {
      pair.ours->wait_reset(loop.done());
      loop.run();
    } else if (first == First::kWrite) {  // the kernel tells the error here, and not again
      const Bytes bytes = Bytes::copy_of("x");
      CHECK(pair.ours->write({&bytes, 1}).status().code() == Code::kAborted);
    }
    Kind end{};
    CHECK(read_all(loop, *pair.ours, end, 1000) == whole);
    CHECK(end == Kind::kReset);
  }
}

TEST_CASE("socket: a reset behind an end of stream, seen first, is not read as a clean end") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  send_text(pair.theirs, "data");
  shutdown(pair.theirs.get(), SHUT_WR);
  reset_plain(std::move(pair.theirs));
  pair.ours->wait_reset(loop.done());
  loop.run();
  Kind end{};
  CHECK(read_all(loop, *pair.ours, end) == "data");
  CHECK(end == Kind::kReset);
}

TEST_CASE("socket: both directions ending in order is no reset, and does not spin") {
  for (auto* make : {tcp_pair, unix_pair}) {
    TestLoop loop;
    Pair pair = make(loop.get());
    bool is_reset = false;
    pair.ours->wait_reset([&] { is_reset = true; });
    REQUIRE(pair.ours->shutdown_write().ok());
    CHECK(receive_all(pair.theirs).empty());
    send_text(pair.theirs, "the rest");
    pair.theirs = Fd();
    const milliseconds before = cpu_time();
    Timer later(loop.get());
    later.after(milliseconds(200), loop.done());
    loop.run();
    CHECK(cpu_time() - before < kSpinning);
    Kind end{};
    CHECK(read_all(loop, *pair.ours, end) == "the rest");
    CHECK(end == Kind::kEnd);
    CHECK(!is_reset);
  }
}

TEST_CASE("socket: writing to a connection that is gone is kAborted") {
  for (auto* make : {tcp_pair, unix_pair}) {
    TestLoop loop;
    Pair pair = make(loop.get());
    reset_plain(std::move(pair.theirs));
    const Bytes bytes = Bytes::copy_of("x");
    CHECK(pair.ours->write({&bytes, 1}).status().code() == Code::kAborted);
    CHECK(pair.ours->write({&bytes, 1}).status().code() == Code::kAborted);
  }
}

TEST_CASE("socket: ending a direction of a connection that is gone is kAborted") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  reset_plain(std::move(pair.theirs));
  CHECK(pair.ours->shutdown_write().code() == Code::kAborted);
}

TEST_CASE("socket: reset() reaches the other side as an error, after an end of stream too") {
  for (const bool after_end : {false, true}) {
    TestLoop loop;
    Pair pair = tcp_pair(loop.get());
    if (after_end) REQUIRE(pair.ours->shutdown_write().ok());
    pair.ours->reset();
    await_event(pair.theirs, POLLHUP);
    // What Linux calls a reset after an end of stream.
    CHECK(option(pair.theirs.get(), SOL_SOCKET, SO_ERROR) == (after_end ? EPIPE : ECONNRESET));
    CHECK(pair.ours->read(1).kind == Kind::kReset);
    const Bytes bytes = Bytes::copy_of("x");
    CHECK(pair.ours->write({&bytes, 1}).status().code() == Code::kAborted);
    CHECK(pair.ours->shutdown_write().code() == Code::kAborted);
    CHECK(pair.ours->unacknowledged_bytes() == 0);
    pair.ours->reset();
  }
}

TEST_CASE("socket: destroying it delivers what was written, and then ends in order") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  write_all(loop, *pair.ours, Bytes::copy_of("last words"));
  pair.ours.reset();
  CHECK(receive_all(pair.theirs) == "last words");
}

TEST_CASE("socket: destroying it with unread input is a reset, which is the kernel's doing") {
  for (auto* make : {tcp_pair, unix_pair}) {
    TestLoop loop;
    Pair pair = make(loop.get());
    send_text(pair.theirs, "never read");
    pair.ours->wait_readable(loop.done());
    loop.run();
    pair.ours.reset();
    int error = 0;
    CHECK(receive_all(pair.theirs, error).empty());
    CHECK(error == ECONNRESET);
  }
}

TEST_CASE("socket: unacknowledged bytes are those that the other kernel does not have") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  const Bytes bytes = Bytes::copy_of(std::string(64 << 20, 'x'));
  const auto taken = pair.ours->write({&bytes, 1});
  REQUIRE(taken.ok());
  REQUIRE(*taken < bytes.size());
  CHECK(pair.ours->unacknowledged_bytes() > 0);
  CHECK(pair.ours->unacknowledged_bytes() <= *taken);
  pair.ours->wait_reset(loop.done());
  reset_plain(std::move(pair.theirs));
  loop.run();
  CHECK(pair.ours->unacknowledged_bytes() == 0);
}

TEST_CASE("socket: no handler runs after its end, though it was due") {
  for (const bool by_reset : {false, true}) {
    TestLoop loop;
    Pair pair = tcp_pair(loop.get());
    int calls = 0;
    pair.ours->wait_readable([&] { ++calls; });
    pair.ours->wait_writable([&] { ++calls; });
    pair.ours->wait_reset([&] { ++calls; });
    reset_plain(std::move(pair.theirs));
    int first_turn = 0;
    Timer now(loop.get());  // all are due when this runs
    now.after(milliseconds(0), [&] {
      first_turn = calls;
      by_reset ? pair.ours->reset() : pair.ours.reset();
    });
    loop.settle();
    CHECK(calls == first_turn);
  }
}

TEST_CASE("socket: the first handler that runs may destroy it, and is the last") {
  TestLoop loop;
  Pair pair = tcp_pair(loop.get());
  int calls = 0;
  const auto end = [&] {
    ++calls;
    pair.ours.reset();
    loop.finish();
  };
  pair.ours->wait_readable(end);
  pair.ours->wait_writable(end);
  pair.ours->wait_reset(end);
  reset_plain(std::move(pair.theirs));
  loop.run();
  loop.settle();
  CHECK(calls == 1);
}

TEST_CASE("socket: a wait that is left with the loop is dropped") {
  std::weak_ptr<int> watch;
  {
    TestLoop loop;
    Pair pair = tcp_pair(loop.get());
    auto owned = std::make_shared<int>(0);
    watch = owned;
    pair.ours->wait_readable([owned = std::move(owned)] {});
  }
  CHECK(watch.expired());
}
