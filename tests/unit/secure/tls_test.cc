// SPDX-License-Identifier: MIT
#include "secure/tls.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <string>
#include <utility>
#include <vector>

#include "base/hex.h"
#include "secure/hkdf.h"
#include "secure/proof.h"
#include "unit/seeded_random.h"

using namespace mm;
using secure::Identity;
using secure::TlsClient;
using secure::TlsServer;
using secure::TlsSession;

namespace {

using Session = std::unique_ptr<TlsSession>;

Identity identity(uint64_t seed) {
  test::SeededRandom random(seed);
  std::array<uint8_t, 32> key;
  random.fill(key);
  return Identity::from_seed(key);
}

std::span<const uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string output(TlsSession& session) {
  std::string text;
  while (session.output_bytes() > 0) text += session.take_output(SIZE_MAX).text();
  return text;
}

// What is there now; an error if there is one.
base::StatusOr<std::string> read(TlsSession& session) {
  std::string text;
  for (;;) {
    std::array<uint8_t, 1000> block;
    const auto count = session.read(block);
    if (!count.ok()) return count.status();
    if (*count == 0) return text;
    text.append(reinterpret_cast<const char*>(block.data()), *count);
  }
}

std::string plain(TlsSession& session) {
  const auto text = read(session);
  REQUIRE(text.ok());
  return *text;
}

struct Pair {
  explicit Pair(const TlsServer& tls_server, TlsClient& tls_client)
      : server(tls_server.open()), client(tls_client.open()) {}

  // Moves what there is until there is none.
  void shuttle() {
    while (client->output_bytes() + server->output_bytes() > 0) {
      if (!server->receive(base::Bytes::copy_of(output(*client))).ok()) return;
      if (!client->receive(base::Bytes::copy_of(output(*server))).ok()) return;
    }
  }
  bool is_established() const { return client->is_established() && server->is_established(); }

  Session server;
  Session client;
};

const Identity kShare = identity(1);

struct Ends {
  TlsServer server{kShare};
  TlsClient client{kShare.fingerprint()};
  Pair established() {
    Pair pair(server, client);
    pair.shuttle();
    REQUIRE(pair.is_established());
    // With the share's first bytes comes the ticket with which connect resumes.
    REQUIRE(pair.server->write(bytes("hello")).ok());
    pair.shuttle();
    REQUIRE(plain(*pair.client) == "hello");
    return pair;
  }
};

}  // namespace

TEST_CASE("tls: bytes come through both ways, in whatever pieces") {
  Ends ends;
  for (const uint64_t seed : test::seeds(40)) {
    CAPTURE(seed);
    test::SeededRandom random(seed);
    Pair pair = ends.established();
    for (auto& [from, to] : {std::pair(&pair.client, &pair.server), {&pair.server, &pair.client}}) {
      std::string text(random.size_up_to(100'000), '\0');
      random.fill({reinterpret_cast<uint8_t*>(text.data()), text.size()});
      REQUIRE((*from)->write(bytes(text)).ok());
      std::string wire = output(**from);
      std::string got;
      while (!wire.empty()) {
        const std::string part = wire.substr(0, 1 + random.size_up_to(20'000));
        wire.erase(0, part.size());
        REQUIRE((*to)->receive(base::Bytes::copy_of(part)).ok());
        got += plain(**to);
      }
      CHECK(got == text);
    }
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose malloc does not count
TEST_CASE("tls: a session that is idle keeps no buffer") {
  Ends ends;
  std::vector<Pair> pairs;
  pairs.push_back(ends.established());  // what is made once, is made now
  constexpr size_t kPairs = 100;
  const size_t before = mallinfo2().uordblks;
  while (pairs.size() <= kPairs) pairs.push_back(ends.established());
  const size_t of_a_pair = (mallinfo2().uordblks - before) / kPairs;
  CHECK(of_a_pair < 2 * 16'384);  // a buffer is a little more
}
#endif

TEST_CASE("tls: an end in one direction leaves the other open") {
  Ends ends;
  Pair pair = ends.established();
  pair.client->end();
  pair.shuttle();
  CHECK(plain(*pair.server) == "");
  CHECK(pair.server->is_ended());
  CHECK(!pair.client->is_ended());
  REQUIRE(pair.server->write(bytes("answer")).ok());
  pair.server->end();
  pair.shuttle();
  CHECK(plain(*pair.client) == "answer");
  CHECK(pair.client->is_ended());
}

TEST_CASE("tls: nothing may follow an end") {
  Ends ends;
  Pair pair = ends.established();
  pair.client->end();
  pair.shuttle();
  REQUIRE(plain(*pair.server) == "");
  CHECK(pair.server->receive(base::Bytes::copy_of("more")).code() == base::Code::kDataLoss);
}

TEST_CASE("tls: connect accepts one key alone") {
  const TlsServer stranger(identity(2));
  Ends ends;
  Pair pair(stranger, ends.client);
  REQUIRE(pair.server->receive(base::Bytes::copy_of(output(*pair.client))).ok());
  CHECK(pair.client->receive(base::Bytes::copy_of(output(*pair.server))).code() ==
        base::Code::kUnauthenticated);
  CHECK(!pair.client->is_established());
  CHECK(!pair.client->read(std::span<uint8_t>()).ok());
}

TEST_CASE("tls: a byte that was changed on the way never becomes another byte at the end") {
  Ends ends;
  const std::string question = "a question", answer = "an answer";
  size_t wire_bytes = 1;
  size_t broken = 0;
  for (size_t changed = 0; changed < wire_bytes; ++changed) {
    TlsClient fresh(kShare.fingerprint());
    Pair pair(ends.server, fresh);
    size_t passed = 0;
    const auto pass = [&](TlsSession& from, TlsSession& to) {
      std::string wire = output(from);
      if (passed <= changed && changed < passed + wire.size()) wire[changed - passed] ^= 1;
      passed += wire.size();
      (void)to.receive(base::Bytes::copy_of(wire));
    };
    for (int flight = 0; flight < 2; ++flight) {
      pass(*pair.client, *pair.server);
      pass(*pair.server, *pair.client);
    }
    if (pair.is_established()) {
      (void)pair.client->write(bytes(question));
      pass(*pair.client, *pair.server);
      (void)pair.server->write(bytes(answer));
      pair.server->end();
      pass(*pair.server, *pair.client);
    }
    const auto asked = read(*pair.server);
    const auto told = read(*pair.client);
    const bool is_whole = pair.is_established() && asked.ok() && told.ok() && *asked == question &&
                          *told == answer && pair.client->is_ended();
    CAPTURE(changed);
    CHECK((!asked.ok() || asked->empty() || *asked == question));
    CHECK((!told.ok() || told->empty() || *told == answer));
    if (!is_whole) ++broken;
    wire_bytes = std::max(wire_bytes, passed);
  }
  // What is let pass are the version fields of records in the clear, which say nothing.
  CHECK(broken + 20 > wire_bytes);
  CHECK(wire_bytes > 1'000);
}

TEST_CASE("tls: bytes that are cut off are no end") {
  Ends ends;
  Pair pair = ends.established();
  REQUIRE(pair.client->write(bytes("all of it")).ok());
  pair.client->end();
  const std::string wire = output(*pair.client);
  REQUIRE(pair.server->receive(base::Bytes::copy_of(wire.substr(0, wire.size() - 1))).ok());
  CHECK(plain(*pair.server) == "all of it");
  CHECK(!pair.server->is_ended());
}

TEST_CASE("tls: the bytes of another connection, or of an earlier one, are refused") {
  Ends ends;
  Pair first(ends.server, ends.client);
  std::string recorded = output(*first.client);
  REQUIRE(first.server->receive(base::Bytes::copy_of(recorded)).ok());
  REQUIRE(first.client->receive(base::Bytes::copy_of(output(*first.server))).ok());
  REQUIRE(first.client->write(bytes("secret")).ok());
  recorded += output(*first.client);

  const Session again = ends.server.open();
  CHECK(!again->receive(base::Bytes::copy_of(recorded)).ok());
  CHECK(!again->is_established());

  Pair one = ends.established(), other = ends.established();
  REQUIRE(one.client->write(bytes("for one")).ok());
  REQUIRE(other.server->receive(base::Bytes::copy_of(output(*one.client))).ok());
  CHECK(read(*other.server).status().code() == base::Code::kDataLoss);
}

TEST_CASE("tls: what an end has said itself is refused") {
  Ends ends;
  Pair pair(ends.server, ends.client);
  CHECK(!pair.client->receive(base::Bytes::copy_of(output(*pair.client))).ok());
}

TEST_CASE("tls: junk ends the session, and nothing else") {
  Ends ends;
  for (const uint64_t seed : test::seeds(500)) {
    CAPTURE(seed);
    test::SeededRandom random(seed);
    Pair pair = random.one_in(2) ? ends.established() : Pair(ends.server, ends.client);
    TlsSession& victim = random.one_in(2) ? *pair.client : *pair.server;
    std::string junk(100 + random.size_up_to(40'000), '\0');
    random.fill({reinterpret_cast<uint8_t*>(junk.data()), junk.size()});
    if (random.one_in(2)) junk.replace(0, 3, "\x17\x03\x03");
    const base::Status received = victim.receive(base::Bytes::copy_of(junk));
    const auto got = read(victim);
    CHECK((!got.ok() || got->empty()));
    CHECK(!victim.is_ended());
    if (victim.is_established() && !got.ok()) CHECK(!victim.write(bytes("x")).ok());
  }
}

TEST_CASE("tls: a later connection resumes, once for each session, and only with the same share") {
  Ends ends;
  CHECK(!ends.established().client->was_resumed());
  Pair first(ends.server, ends.client), second(ends.server, ends.client);
  first.shuttle();
  second.shuttle();
  CHECK(first.client->was_resumed());
  CHECK(!second.client->was_resumed());
  CHECK(first.is_established());

  const TlsServer restarted(kShare);
  Pair after(restarted, ends.client);
  after.shuttle();
  CHECK(after.is_established());
  CHECK(!after.client->was_resumed());

  const TlsServer stranger(identity(2));
  Pair taken_over(stranger, ends.client);
  taken_over.shuttle();
  CHECK(!taken_over.client->is_established());
}

TEST_CASE("tls: both ends of a session share what no other session has") {
  Ends ends;
  const Pair one = ends.established(), other = ends.established();
  CHECK(one.client->exporter() == one.server->exporter());
  CHECK(one.client->exporter() != other.client->exporter());
}

TEST_CASE("identity: the seed decides the key") {
  CHECK(identity(1).fingerprint() == kShare.fingerprint());
  CHECK(identity(2).fingerprint() != kShare.fingerprint());
}

// PROTOCOL.md has the same numbers.
TEST_CASE("proof: the vectors of the protocol") {
  const base::Secret secret("0123456789abcdef");
  secure::Digest exporter;
  exporter.fill(0x42);
  const base::Secret admission = secure::admission_proof(secret, "web");
  const auto* const bytes = reinterpret_cast<const uint8_t*>(admission.reveal().data());
  CHECK(base::to_hex({bytes, admission.reveal().size()}) ==
        "48089b034ba6dad2faeabe440cbd9ab45f12b73ec95a46c2fb2d7271ad89c2d7");
  CHECK(base::to_hex(secure::admission_verifier(secret, "web")) ==
        "6d070565a9baf0eac5e10873c92c86e709339778077b0de605d5f7629ea200d3");
  CHECK(base::to_hex(secure::ticket_proof(secret, exporter)) ==
        "082be43780a68c27455cf203714f87b3020a4a2c23edc7a8867ebf8fda0ba06f");
  std::array<uint8_t, 32> seed;
  seed.fill(0x17);
  CHECK(base::to_hex(Identity::from_seed(seed).fingerprint()) ==
        "e37abcd79efd08db94518a903952ffe9");
}

// RFC 5869, appendix A.3: no salt and no info; its first 32 bytes.
TEST_CASE("hkdf: the vector of the RFC") {
  CHECK(base::to_hex(secure::hkdf(std::string(22, '\x0b'), "")) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}
