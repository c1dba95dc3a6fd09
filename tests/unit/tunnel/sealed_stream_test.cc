// SPDX-License-Identifier: MIT
#include "tunnel/sealed_stream.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "secure/proof.h"
#include "unit/manual_clock.h"
#include "unit/seeded_random.h"
#include "unit/tunnel/fakes.h"

using namespace mm;
using base::Bytes;
using base::Code;
using Kind = net::Stream::ReadResult::Kind;
using tunnel::SealedStream;

namespace {

const base::Secret kSecret("0123456789abcdef");

secure::Identity identity(uint8_t seed) {
  std::array<uint8_t, 32> key;
  key.fill(seed);
  return secure::Identity::from_seed(key);
}

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string read(secure::TlsSession& session) {
  std::string text(1'000'000, '\0');
  const auto count = session.read({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  REQUIRE(count.ok());
  text.resize(*count);
  return text;
}

// A sealed stream, the application behind it, and the other end's session, which the test plays.
// `to_stream` is what is on the way to it: as a tunnel does, it offers what was not taken again.
struct SealedWorld {
  test::ManualClock clock;
  net::Loop loop{clock};
  test::LocalSide side;
  std::unique_ptr<secure::TlsSession> peer;
  std::unique_ptr<SealedStream> stream;
  std::string to_stream;
  size_t read_most = SIZE_MAX;
  Kind last_read = Kind::kWouldBlock;

  // One round: what each has to say goes to the other.
  base::Status exchange() {
    for (int i = 0; i < 2'000; ++i) {
      loop.run_due();
      net::Stream::ReadResult result = stream->read(read_most);
      last_read = result.kind;
      const bool has_said = result.kind == Kind::kBytes;
      if (has_said) CHECK(result.bytes.size() <= read_most);
      if (has_said) REQUIRE(peer->receive(result.bytes).ok());
      while (peer->output_bytes() > 0) to_stream += peer->take_output(SIZE_MAX).text();
      size_t taken = 0;
      if (!to_stream.empty()) {
        const Bytes offered = Bytes::copy_of(to_stream);
        const auto written = stream->write({&offered, 1});
        if (!written.ok()) return written.status();
        taken = *written;
        to_stream.erase(0, taken);
      }
      if (!has_said && taken == 0) return absl::OkStatus();
    }
    FAIL("it does not come to rest");
    return absl::OkStatus();
  }
};

// The stream is connect's, the test plays the share.
struct ConnectWorld : SealedWorld {
  explicit ConnectWorld(uint8_t share_seed = 1) {
    peer = secure::TlsServer(identity(share_seed)).open();
    secure::TlsClient client(identity(1).fingerprint());
    const auto prove = [](const secure::Digest& exporter) {
      return secure::ticket_proof(kSecret, exporter);
    };
    stream = std::make_unique<SealedStream>(loop, client.open(), prove,
                                            std::make_unique<test::FakeStream>(side));
  }
};

// The stream is the share's, the test plays connect.
struct ShareWorld : SealedWorld {
  std::vector<secure::Digest> proofs;
  std::optional<secure::Digest> exporter;

  ShareWorld() {
    peer = secure::TlsClient(identity(1).fingerprint()).open();
    stream = std::make_unique<SealedStream>(loop, secure::TlsServer(identity(1)).open(),
                                            [this](const auto& proof, const auto& heard) {
                                              proofs.push_back(proof);
                                              exporter = heard;
                                            });
  }
  void prove() {
    REQUIRE(exchange().ok());
    REQUIRE(peer->write(secure::ticket_proof(kSecret, peer->exporter())).ok());
    REQUIRE(exchange().ok());
    loop.run_due();
  }
  void set_inner() { stream->set_inner(std::make_unique<test::FakeStream>(side)); }
};

}  // namespace

TEST_CASE("sealed stream: connect shows its proof first, then what the application says") {
  ConnectWorld world;
  world.side.incoming = "hello";
  REQUIRE(world.exchange().ok());
  REQUIRE(world.peer->is_established());
  const std::string heard = read(*world.peer);
  const secure::Digest proof = secure::ticket_proof(kSecret, world.peer->exporter());
  CHECK(heard.substr(0, proof.size()) == std::string(proof.begin(), proof.end()));
  CHECK(heard.substr(proof.size()) == "hello");
  REQUIRE(world.peer->write(bytes_of("world")).ok());
  REQUIRE(world.exchange().ok());
  CHECK(world.side.outgoing == "world");
  CHECK(world.stream->moved()->read_bytes == 5);
  CHECK(world.stream->moved()->written_bytes == 5);
}

TEST_CASE(
    "sealed stream: the share hears one proof, and nothing passes before it has an inner one") {
  ShareWorld world;
  REQUIRE(world.exchange().ok());
  REQUIRE(world.peer->write(secure::ticket_proof(kSecret, world.peer->exporter())).ok());
  REQUIRE(world.peer->write(bytes_of("early")).ok());
  REQUIRE(world.exchange().ok());
  world.loop.run_due();
  REQUIRE(world.proofs.size() == 1);
  CHECK(*world.exporter == world.peer->exporter());
  CHECK(world.proofs[0] == secure::ticket_proof(kSecret, *world.exporter));
  CHECK(!world.to_stream.empty());  // not delivered, so not counted as taken
  world.side.incoming = "answer";
  world.set_inner();
  REQUIRE(world.exchange().ok());
  CHECK(world.side.outgoing == "early");
  CHECK(world.to_stream.empty());
  CHECK(read(*world.peer) == "answer");
  CHECK(world.proofs.size() == 1);
}

TEST_CASE("sealed stream: what the session says of itself takes the application's along") {
  ConnectWorld world;
  world.side.incoming = "hello";
  const auto all_there_is = [&] {
    net::Stream::ReadResult result;
    while (!result.is_all) {
      result = world.stream->read(SIZE_MAX);
      REQUIRE(result.kind == Kind::kBytes);
      REQUIRE(world.peer->receive(result.bytes).ok());
    }
  };
  all_there_is();  // ClientHello
  const Bytes answer = world.peer->take_output(SIZE_MAX);
  REQUIRE(world.stream->write({&answer, 1}).ok());
  all_there_is();
  CHECK(read(*world.peer).substr(secure::Digest().size()) == "hello");
}

TEST_CASE("sealed stream: an end that comes while the target is dialled waits for it") {
  ShareWorld world;
  world.prove();
  world.peer->end();
  REQUIRE(world.exchange().ok());
  CHECK(!world.to_stream.empty());
  bool is_writable = false;
  world.stream->wait_writable([&] { is_writable = true; });
  world.set_inner();
  world.loop.run_due();
  CHECK(is_writable);
  REQUIRE(world.exchange().ok());
  CHECK(world.to_stream.empty());
  CHECK(world.stream->shutdown_write().ok());
  CHECK(world.side.saw_end);
}

TEST_CASE("sealed stream: it takes no more than its application does, and loses nothing") {
  for (const uint64_t seed : test::seeds(30)) {
    CAPTURE(seed);
    test::SeededRandom random(seed);
    ConnectWorld world;
    REQUIRE(world.exchange().ok());
    std::string text(random.size_up_to(500'000), '\0');
    random.fill({reinterpret_cast<uint8_t*>(text.data()), text.size()});
    REQUIRE(world.peer->write(bytes_of(text)).ok());
    world.peer->end();
    world.side.room = 0;
    REQUIRE(world.exchange().ok());
    CHECK(world.side.outgoing.empty());
    const size_t waiting = world.to_stream.size();
    CHECK(waiting + 20'000 >= text.size());
    while (!world.to_stream.empty()) {
      world.side.room = 1 + random.size_up_to(100'000);
      REQUIRE(world.exchange().ok());
      CHECK(world.side.outgoing.size() + world.to_stream.size() + 20'000 >= text.size());
    }
    CHECK(world.side.outgoing == text);
    CHECK(world.stream->shutdown_write().ok());
  }
}

TEST_CASE("sealed stream: with room for one byte at a time everything still goes out") {
  ConnectWorld world;
  world.read_most = 1;
  world.side.incoming = "slow";
  world.side.ended = true;
  REQUIRE(world.exchange().ok());
  CHECK(read(*world.peer).substr(32) == "slow");
  CHECK(world.peer->is_ended());
  CHECK(world.last_read == Kind::kEnd);
}

TEST_CASE("sealed stream: a large read fills the room that there is, and does not pass it") {
  ConnectWorld world;
  REQUIRE(world.exchange().ok());
  read(*world.peer);
  world.side.incoming = std::string(1'000'000, 'x');
  world.read_most = 256 << 10;
  const auto result = world.stream->read(world.read_most);
  REQUIRE(result.kind == Kind::kBytes);
  CHECK(result.bytes.size() == world.read_most);
}

TEST_CASE("sealed stream: an application's end is told behind its bytes, its reset at once") {
  ConnectWorld ends;
  ends.side.incoming = "last";
  ends.side.ended = true;
  REQUIRE(ends.exchange().ok());
  CHECK(read(*ends.peer).substr(32) == "last");
  CHECK(ends.peer->is_ended());
  CHECK(ends.last_read == Kind::kEnd);

  ConnectWorld resets;
  REQUIRE(resets.exchange().ok());
  resets.side.was_reset = true;
  CHECK(resets.stream->read(1'000).kind == Kind::kReset);
  read(*resets.peer);
  CHECK(!resets.peer->is_ended());
}

TEST_CASE("sealed stream: an end that the peer's session did not tell is none") {
  ConnectWorld world;
  REQUIRE(world.exchange().ok());
  REQUIRE(world.peer->write(bytes_of("half")).ok());
  REQUIRE(world.exchange().ok());
  CHECK(world.side.outgoing == "half");
  CHECK(world.stream->shutdown_write().code() == Code::kDataLoss);
  CHECK(!world.side.saw_end);
}

TEST_CASE("sealed stream: a byte that was changed on the way is not delivered") {
  ConnectWorld world;
  REQUIRE(world.exchange().ok());
  REQUIRE(world.peer->write(bytes_of("important")).ok());
  world.to_stream = world.peer->take_output(SIZE_MAX).text();
  world.to_stream.back() ^= 1;
  CHECK(world.exchange().code() == Code::kDataLoss);
  CHECK(world.side.outgoing.empty());
}

TEST_CASE("sealed stream: a share with another key gets no proof") {
  ConnectWorld world(2);
  world.side.incoming = "for nobody else";
  CHECK(world.exchange().code() == Code::kUnauthenticated);
  CHECK(!world.peer->is_established());
  CHECK(world.side.incoming == "for nobody else");
}

TEST_CASE("sealed stream: what the session has to say wakes who waits to read, in a later turn") {
  ShareWorld world;
  bool is_readable = false;
  world.stream->wait_readable([&] { is_readable = true; });
  world.loop.run_due();
  CHECK(!is_readable);
  const Bytes hello = world.peer->take_output(SIZE_MAX);
  REQUIRE(world.stream->write({&hello, 1}).ok());
  CHECK(!is_readable);
  world.loop.run_due();
  CHECK(is_readable);
}

TEST_CASE("sealed stream: an application that resets before there is a session is noticed") {
  ConnectWorld world;
  while (world.stream->read(1'000).kind == Kind::kBytes) continue;
  bool is_readable = false;
  world.stream->wait_readable([&] { is_readable = true; });
  world.loop.run_due();
  CHECK(!is_readable);
  world.side.was_reset = true;
  test::LocalSide::fire(world.side.reset);
  CHECK(is_readable);
  CHECK(world.stream->read(1'000).kind == Kind::kReset);
}

TEST_CASE("sealed stream: waits reach the application's stream, once there is one") {
  ShareWorld world;
  world.prove();
  bool is_reset = false, is_readable = false;
  world.stream->wait_reset([&] { is_reset = true; });
  world.stream->wait_readable([&] { is_readable = true; });
  world.loop.run_due();
  is_readable = false;  // there may have been something of the session's
  world.set_inner();
  world.loop.run_due();
  while (world.stream->read(1'000).kind == Kind::kBytes) continue;
  if (!world.side.readable) world.stream->wait_readable([&] { is_readable = true; });
  test::LocalSide::fire(world.side.reset);
  CHECK(is_reset);
  test::LocalSide::fire(world.side.readable);
  CHECK(is_readable);
}
