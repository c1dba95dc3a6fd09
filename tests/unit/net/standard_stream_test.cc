// SPDX-License-Identifier: MIT
#include "net/standard_stream.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "unit/net/loopback.h"

using namespace mm::net;
using mm::base::Bytes;
using mm::base::Code;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    read_end = Fd(ends[0]);
    write_end = Fd(ends[1]);
  }
  Fd read_end;
  Fd write_end;
};

Fd open_file(const std::string& path, int flags) {
  Fd fd(open(path.c_str(), flags | O_CLOEXEC, 0600));
  REQUIRE(fd.is_open());
  return fd;
}

void put(const Fd& fd, std::string_view text) {
  REQUIRE(write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

int flags_of(const Fd& fd) { return fcntl(fd.get(), F_GETFL); }

}  // namespace

TEST_CASE("standard stream: pipes carry bytes both ways, and ends") {
  TestLoop loop;
  Pipe input;
  Pipe output;
  StandardStream stream(loop.get(), input.read_end.get(), output.write_end.get());
  CHECK(stream.read(10).kind == Kind::kWouldBlock);
  stream.wait_readable(loop.done());
  put(input.write_end, "question");
  loop.run();
  CHECK(stream.read(10).bytes.text() == "question");
  input.write_end = Fd();
  CHECK(read_next(loop, stream).kind == Kind::kEnd);

  const Bytes pieces[] = {Bytes::copy_of("an"), Bytes::copy_of("swer")};
  CHECK(*stream.write(pieces) == 6);
  CHECK(stream.shutdown_write().ok());
  CHECK(receive_all(output.read_end) == "answer");  // though output.write_end is open
  put(output.write_end, "goes nowhere");
}

TEST_CASE("standard stream: a pipe that is full takes more when it was read from") {
  TestLoop loop;
  Pipe input;
  Pipe output;
  StandardStream stream(loop.get(), input.read_end.get(), output.write_end.get());
  const Bytes block = Bytes::copy_of(std::string(1 << 16, 'x'));
  size_t total = 0;
  for (;;) {
    const auto taken = stream.write({&block, 1});
    REQUIRE(taken.ok());
    if (*taken == 0) break;
    total += *taken;
  }
  CHECK(total > 0);
  stream.wait_writable(loop.done());
  std::string buffer(total, '\0');
  CHECK(read(output.read_end.get(), buffer.data(), total) == static_cast<ssize_t>(total));
  loop.run();
  CHECK(*stream.write({&block, 1}) > 0);
}

TEST_CASE("standard stream: output that nobody reads is kAborted, and no signal") {
  TestLoop loop;
  Pipe input;
  Pipe output;
  StandardStream stream(loop.get(), input.read_end.get(), output.write_end.get());
  output.read_end = Fd();
  const Bytes bytes = Bytes::copy_of("x");
  CHECK(stream.write({&bytes, 1}).status().code() == Code::kAborted);
}

TEST_CASE("standard stream: SIGPIPE is as it was afterwards") {
  TestLoop loop;
  void (*const handler)(int) = [](int) {};
  signal(SIGPIPE, handler);
  Pipe input;
  Pipe output;
  { StandardStream stream(loop.get(), input.read_end.get(), output.write_end.get()); }
  const bool is_put_back = signal(SIGPIPE, SIG_DFL) == handler;
  CHECK(is_put_back);
}

TEST_CASE("standard stream: files are read and written") {
  TestLoop loop;
  const TemporaryFolder folder;
  std::ofstream(folder.file("in")) << "in the file";
  const Fd input = open_file(folder.file("in"), O_RDONLY);
  const Fd output = open_file(folder.file("out"), O_WRONLY | O_CREAT);
  StandardStream stream(loop.get(), input.get(), output.get());
  bool is_called = false;
  stream.wait_readable([&] {
    is_called = true;
    loop.finish();
  });
  CHECK(!is_called);
  loop.run();
  Kind end{};
  CHECK(read_all(loop, stream, end) == "in the file");
  CHECK(end == Kind::kEnd);
  stream.wait_writable(loop.done());
  loop.run();
  const Bytes bytes = Bytes::copy_of("out of it");
  CHECK(*stream.write({&bytes, 1}) == 9);
  CHECK(stream.shutdown_write().ok());
  std::stringstream text;
  text << std::ifstream(folder.file("out")).rdbuf();
  CHECK(text.str() == "out of it");
}

TEST_CASE("standard stream: /dev/null is at its end, and takes everything") {
  TestLoop loop;
  const Fd null = open_file("/dev/null", O_RDWR);
  StandardStream stream(loop.get(), null.get(), null.get());
  stream.wait_readable(loop.done());
  loop.run();
  CHECK(stream.read(10).kind == Kind::kEnd);
  const Bytes bytes = Bytes::copy_of("x");
  CHECK(*stream.write({&bytes, 1}) == 1);
}

TEST_CASE("standard stream: a descriptor that is closed is an error, not a hang") {
  TestLoop loop;
  Pipe output;
  StandardStream stream(loop.get(), 9999, output.write_end.get());
  stream.wait_readable(loop.done());
  loop.run();
  CHECK(stream.read(10).kind == Kind::kReset);
}

TEST_CASE("standard stream: the flags are put back, by its end and by reset()") {
  TestLoop loop;
  for (const bool by_reset : {false, true}) {
    Pipe input;
    Pipe output;
    REQUIRE(fcntl(output.write_end.get(), F_SETFL, O_APPEND) == 0);
    const int input_flags = flags_of(input.read_end);
    const int output_flags = flags_of(output.write_end);
    std::optional<StandardStream> stream;
    stream.emplace(loop.get(), input.read_end.get(), output.write_end.get());
    CHECK((flags_of(input.read_end) & O_NONBLOCK) != 0);
    CHECK((flags_of(output.write_end) & O_NONBLOCK) != 0);
    by_reset ? stream->reset() : stream.reset();
    CHECK(flags_of(input.read_end) == input_flags);
    CHECK(flags_of(output.write_end) == output_flags);
    if (!by_reset) continue;
    CHECK(stream->read(10).kind == Kind::kReset);
    CHECK(stream->write({}).status().code() == Code::kAborted);
    put(input.write_end, "still open");
  }
}

TEST_CASE("standard stream: one open file for both, as a terminal or inetd gives, is put back") {
  TestLoop loop;
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  const Fd twin(dup(ours.get()));
  const int flags = flags_of(ours);
  for (const bool half_closed : {false, true}) {
    StandardStream stream(loop.get(), ours.get(), twin.get());
    send_text(theirs, "x");
    CHECK(read_next(loop, stream).bytes.text() == "x");
    if (half_closed) CHECK(stream.shutdown_write().ok());
  }
  CHECK(receive_all(theirs).empty());
  CHECK(flags_of(ours) == flags);
}

TEST_CASE("standard stream: no handler runs after its end, though it was due") {
  TestLoop loop;
  const Fd null = open_file("/dev/null", O_RDWR);
  Pipe output;
  int calls = 0;
  for (const bool by_reset : {false, true}) {
    std::optional<StandardStream> stream;
    stream.emplace(loop.get(), null.get(), output.write_end.get());
    stream->wait_readable([&] { ++calls; });
    stream->wait_writable([&] { ++calls; });
    by_reset ? stream->reset() : stream.reset();
    loop.settle();
  }
  CHECK(calls == 0);
}
