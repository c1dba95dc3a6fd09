// SPDX-License-Identifier: MIT
#include "wire/frame.h"

#include <doctest/doctest.h>

#include <string>

#include "proxy.pb.h"
#include "unit/seeded_random.h"

using namespace mm::wire;
using mm::base::Bytes;
using mm::test::SeededRandom;

namespace {

std::string bytes_of(const EncodedFrame& encoded) {
  std::string text(reinterpret_cast<const char*>(encoded.header.data()), encoded.header_bytes);
  for (const Bytes& piece : encoded.payload) text += piece.text();
  return text;
}

std::string random_text(SeededRandom& random, size_t bytes) {
  std::string text(bytes, '\0');
  random.fill({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return text;
}

// The same bytes in pieces of random sizes, empty ones too, as gRPC may hand them over.
std::vector<Bytes> cut(SeededRandom& random, const std::string& text) {
  std::vector<Bytes> pieces;
  size_t at = 0;
  while (at < text.size()) {
    const size_t part = std::min<size_t>(random.size_up_to(300'000), text.size() - at);
    pieces.push_back(Bytes::copy_of(std::string_view(text).substr(at, part)));
    at += part;
  }
  return pieces;
}

std::string data_of(const Frame& frame) {
  std::string text;
  for (const Bytes& piece : frame.data) text += piece.text();
  return text;
}

Frame random_frame(SeededRandom& random) {
  Frame frame;
  if (random.one_in(2)) {
    frame.attach = Attach{.version = static_cast<uint32_t>(random.size_up_to(UINT32_MAX)),
                          .generation = random.size_up_to(UINT64_MAX - 1),
                          .protection = static_cast<Protection>(random.below(3))};
  }
  if (random.one_in(2)) frame.offset = random.size_up_to(UINT64_MAX - 1);
  if (random.one_in(2)) frame.received = random.size_up_to(UINT64_MAX - 1);
  if (random.one_in(2)) frame.limit = random.size_up_to(UINT64_MAX - 1);
  frame.fin = random.one_in(2);
  if (random.one_in(4)) {
    frame.reset = Reset{static_cast<ResetCode>(random.below(9)),
                        std::string(random.below(kResetTextBytesMax + 1), 'r')};
    return frame;
  }
  frame.move = random.one_in(2);
  const size_t bytes = random.one_in(50) ? kDataBytesMax : random.size_up_to(5'000);
  if (random.one_in(2)) frame.data = cut(random, random_text(random, bytes));
  std::erase_if(frame.data, [](const Bytes& piece) { return piece.empty(); });
  return frame;
}

mindmeld::v1::Frame as_protobuf(const Frame& frame) {
  mindmeld::v1::Frame message;
  if (frame.attach) {
    message.mutable_attach()->set_version(frame.attach->version);
    message.mutable_attach()->set_generation(frame.attach->generation);
    message.mutable_attach()->set_protection(static_cast<uint32_t>(frame.attach->protection));
  }
  if (frame.offset) message.set_offset(*frame.offset);
  if (frame.received) message.set_received(*frame.received);
  if (frame.limit) message.set_limit(*frame.limit);
  if (frame.fin) message.set_fin(true);
  if (frame.reset) {
    message.mutable_reset()->set_code(static_cast<uint32_t>(frame.reset->code));
    message.mutable_reset()->set_text(frame.reset->text);
  }
  if (frame.move) message.set_move(true);
  if (frame.data_bytes() > 0) message.set_data(data_of(frame));
  return message;
}

void check_equal(const Frame& a, const Frame& b) {
  CHECK(a.attach == b.attach);
  CHECK(a.offset == b.offset);
  CHECK(a.received == b.received);
  CHECK(a.limit == b.limit);
  CHECK(a.fin == b.fin);
  CHECK(a.reset == b.reset);
  CHECK(a.move == b.move);
  CHECK((data_of(a) == data_of(b)));
}

}  // namespace

TEST_CASE("frame: the encoder's bytes equal protobuf's for 5 000 random frames") {
  for (const uint64_t seed : mm::test::seeds(5'000)) {
    CAPTURE(seed);
    SeededRandom random(seed);
    const Frame frame = random_frame(random);
    CHECK((bytes_of(encode(frame)) == as_protobuf(frame).SerializeAsString()));
  }
}

TEST_CASE("frame: what protobuf writes is read back, in whatever pieces it comes") {
  for (const uint64_t seed : mm::test::seeds(5'000)) {
    CAPTURE(seed);
    SeededRandom random(seed);
    const Frame frame = random_frame(random);
    const auto read = decode(cut(random, as_protobuf(frame).SerializeAsString()));
    REQUIRE(read.ok());
    check_equal(*read, frame);
  }
}

TEST_CASE("frame: a header is never larger than its memory") {
  Frame frame;
  frame.attach = Attach{UINT32_MAX, UINT64_MAX, Protection{UINT32_MAX}};
  frame.offset = frame.received = frame.limit = UINT64_MAX;
  frame.fin = frame.move = true;
  frame.data.push_back(Bytes::copy_of(std::string(kDataBytesMax, 'x')));
  CHECK(encode(frame).header_bytes <= kHeaderBytesMax);
}

TEST_CASE("frame: the payload is passed on by reference, both ways") {
  Frame frame;
  frame.data.push_back(Bytes::copy_of("payload"));
  const uint8_t* const memory = frame.data.front().data();
  const EncodedFrame encoded = encode(frame);
  CHECK(encoded.payload.front().data() == memory);

  const std::vector<Bytes> message = {Bytes::copy_of(bytes_of(encoded))};
  const auto read = decode(message);
  REQUIRE(read.ok());
  CHECK(read->data.front().data() == message.front().data() + encoded.header_bytes);
}

TEST_CASE("frame: an empty message is the heartbeat") {
  const auto read = decode({});
  REQUIRE(read.ok());
  check_equal(*read, Frame{});
  CHECK(encode(Frame{}).bytes() == 0);
}

TEST_CASE("frame: fields of a later version are skipped") {
  mindmeld::v1::Frame message;
  message.set_offset(7);
  const std::string later = std::string("\xa0\x38\x01", 3) +                 // 900: a varint
                            std::string("\xa9\x38\x02\0\0\0\0\0\0\0", 10) +  // 901: 64 bits
                            std::string("\xb5\x38\x03\0\0\0", 6) +
                            "\xba\x38\x05later";  // 902: 32 bits; 903: a text
  const auto read = decode({Bytes::copy_of(message.SerializeAsString() + later)});
  REQUIRE(read.ok());
  CHECK(read->offset == 7);
}

TEST_CASE("frame: random bytes are read or refused, and nothing else happens") {
  for (const uint64_t seed : mm::test::seeds(20'000)) {
    CAPTURE(seed);
    SeededRandom random(seed);
    std::string text = random.one_in(2) ? random_text(random, random.size_up_to(200))
                                        : as_protobuf(random_frame(random)).SerializeAsString();
    if (!text.empty()) text[random.below(text.size())] ^= static_cast<char>(1 << random.below(8));
    text.resize(random.one_in(4) ? random.below(text.size() + 1) : text.size());
    const auto read = decode(cut(random, text));
    if (read.ok()) CHECK(read->data_bytes() <= kDataBytesMax);
  }
}

TEST_CASE("frame: a frame that breaks a limit is refused") {
  mindmeld::v1::Frame message;
  message.set_data(std::string(kDataBytesMax + 1, 'x'));
  CHECK(!decode({Bytes::copy_of(message.SerializeAsString())}).ok());

  message.Clear();
  message.mutable_reset()->set_text(std::string(kResetTextBytesMax + 1, 'x'));
  CHECK(!decode({Bytes::copy_of(message.SerializeAsString())}).ok());

  const std::string huge_length = "\x7a\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  CHECK(!decode({Bytes::copy_of(huge_length)}).ok());
}
