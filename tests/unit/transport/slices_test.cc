// SPDX-License-Identifier: MIT
#include "transport/slices.h"

#include <doctest/doctest.h>

#include <string>

using namespace mm;

namespace {

wire::Frame frame_of(std::vector<base::Bytes> data) {
  wire::Frame frame;
  frame.offset = 5;
  frame.data = std::move(data);
  return frame;
}

std::string data_of(const std::vector<base::Bytes>& message) {
  const auto frame = wire::decode(message);
  REQUIRE(frame.ok());
  std::string data;
  for (const base::Bytes& piece : frame->data) data += piece.text();
  return data;
}

}  // namespace

TEST_CASE("slices: a frame is the same after its way through gRPC's buffer, at every size") {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{900}, size_t{1'024}, size_t{1'100},
                            size_t{4'095}, size_t{4'096}, size_t{5'000}, wire::kDataBytesMax}) {
    CAPTURE(size);
    std::vector<base::Bytes> pieces;
    if (size > 0) pieces.push_back(base::Bytes::copy_of(std::string(size, 'x')));
    const auto message =
        transport::to_bytes(transport::to_byte_buffer(wire::encode(frame_of(std::move(pieces)))));
    CHECK(data_of(message) == std::string(size, 'x'));
  }
}

TEST_CASE("slices: an empty message has no pieces") {
  CHECK(transport::to_bytes(grpc::ByteBuffer()).empty());
  CHECK(transport::to_bytes(transport::to_byte_buffer(wire::EncodedFrame{})).empty());
}

TEST_CASE("slices: a large payload is passed by reference, and let go with the message") {
  const auto owner = std::make_shared<std::string>(100'000, 'x');
  const std::span view(reinterpret_cast<const uint8_t*>(owner->data()), owner->size());
  std::vector<base::Bytes> received;
  {
    const auto buffer = transport::to_byte_buffer(
        wire::encode(frame_of({base::Bytes(owner, view, owner->size())})));
    CHECK(owner.use_count() == 2);
    received = transport::to_bytes(buffer);
  }
  CHECK(received.back().data() == view.data());
  CHECK(received.back().pinned_bytes() >= received.back().size());
  CHECK(owner.use_count() == 2);
  received.clear();
  CHECK(owner.use_count() == 1);
}

TEST_CASE("slices: a small message does not hold on to the memory it came in") {
  const auto owner = std::make_shared<std::string>(2'000, 'x');
  const std::span view(reinterpret_cast<const uint8_t*>(owner->data()), owner->size());
  const auto received = transport::to_bytes(
      transport::to_byte_buffer(wire::encode(frame_of({base::Bytes(owner, view, owner->size())}))));
  CHECK(owner.use_count() == 1);
  CHECK(data_of(received) == *owner);
}
