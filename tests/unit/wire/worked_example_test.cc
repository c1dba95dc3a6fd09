// SPDX-License-Identifier: MIT
// The bytes of PROTOCOL.md's worked example (section 7), said by two conduits. tests/tidy holds the
// document against the bytes here.
#include <array>

#include "base/hex.h"
#include "unit/wire/attached.h"

using namespace mm::test;
using namespace mm::wire;
using mm::base::Bytes;

namespace {

// What an end says next.
std::string say(Conduit& end) {
  auto frame = end.next_frame(kStart);
  REQUIRE(frame);
  const EncodedFrame encoded = encode(*std::move(frame));
  std::string message(reinterpret_cast<const char*>(encoded.header.data()), encoded.header_bytes);
  for (const Bytes& piece : encoded.payload) message += piece.text();
  return message;
}

void hear(Conduit& end, const std::string& message) {
  auto frame = decode({Bytes::copy_of(message)});
  REQUIRE(frame.ok());
  REQUIRE(end.on_frame(*std::move(frame), kStart).ok());
}

// As the document writes it.
std::string hex(const std::string& message) {
  std::string text;
  for (const char byte : message) {
    text += text.empty() ? "" : " ";
    text += mm::base::to_hex(std::array{static_cast<uint8_t>(byte)});
  }
  return text;
}

struct Example {
  Budget budget;
  Conduit connect{budget};
  Conduit share{budget};

  Example() {
    connect.attach(0);
    share.attach(0);
    connect.on_local_bytes(Bytes::copy_of("ping\n"));
  }
};

}  // namespace

TEST_CASE("PROTOCOL.md: a worked example, byte by byte") {
  Example ends;
  auto& [budget, connect, share] = ends;
  const std::string ping = say(connect);
  const std::string hello = say(share);  // before it has heard anything
  CHECK(hex(ping) == "0a 02 08 01 10 00 18 00 20 80 80 01 7a 05 70 69 6e 67 0a");
  CHECK(hex(hello) == "0a 02 08 01 18 00 20 80 80 01");
  hear(connect, hello);
  hear(share, ping);

  share.on_delivered(5, kStart);
  share.on_local_bytes(Bytes::copy_of("pong\n"));
  const std::string pong = say(share);
  CHECK(hex(pong) == "10 00 18 05 20 85 80 01 7a 05 70 6f 6e 67 0a");
  hear(connect, pong);

  connect.on_delivered(5, kStart);
  connect.on_local_end();
  const std::string end = say(connect);
  CHECK(hex(end) == "10 05 18 05 20 85 80 01 28 01");
  hear(share, end);

  REQUIRE(share.is_end_next());
  share.on_end_delivered();
  share.on_local_end();
  const std::string end_back = say(share);
  CHECK(hex(end_back) == "10 05 18 06 28 01");
  hear(connect, end_back);

  REQUIRE(connect.is_end_next());
  connect.on_end_delivered();
  const std::string acknowledged = say(connect);
  CHECK(hex(acknowledged) == "18 06");
  hear(share, acknowledged);
  CHECK(connect.is_done());
  CHECK(share.is_done());
}

TEST_CASE("PROTOCOL.md: a share whose target refuses, byte by byte") {
  Example ends;
  ends.share.on_local_reset(
      {ResetCode::kRefused, "cannot reach 127.0.0.1:3000: Connection refused"}, true);
  const std::string refusal = say(ends.share);
  CHECK(hex(refusal) ==
        "0a 02 08 01 18 00 20 80 80 01 32 33 08 02 12 2f 63 61 6e 6e 6f 74 20 72 65 61 63 68 20 31 "
        "32 37 2e 30 2e 30 2e 31 3a 33 30 30 30 3a 20 43 6f 6e 6e 65 63 74 69 6f 6e 20 72 65 66 75 "
        "73 65 64");
  hear(ends.connect, refusal);
  CHECK(ends.connect.peer_reset()->code == ResetCode::kRefused);
}
