// SPDX-License-Identifier: MIT
#include "transport/slices.h"

#include <cstring>
#include <memory>
#include <utility>

namespace mm::transport {
namespace {

using base::Bytes;

// Up to here one copy costs less than the allocations of passing by reference.
constexpr size_t kSentByCopyBytesMax = 1 << 10;

// gRPC reads into blocks of 8 or 64 KiB (1.51, tcp_posix.cc); a message of less than this is copied
// out, so that a stalled reader of keystrokes does not hold a block for each.
constexpr size_t kReceivedByCopyBytesMax = 4 << 10;

grpc::Slice flat_slice(const wire::EncodedFrame& frame) {
  uint8_t memory[kSentByCopyBytesMax];
  size_t size = frame.header_bytes;
  std::memcpy(memory, frame.header.data(), size);
  for (const Bytes& piece : frame.payload) {
    if (piece.empty()) continue;
    std::memcpy(memory + size, piece.data(), piece.size());
    size += piece.size();
  }
  return grpc::Slice(memory, size);
}

grpc::Slice shared_slice(Bytes piece) {
  auto holder = std::make_unique<Bytes>(std::move(piece));
  // gRPC takes non-const memory and does not write to it.
  auto* memory = const_cast<uint8_t*>(holder->data());
  const size_t size = holder->size();
  return grpc::Slice(
      memory, size, [](void* held) { delete static_cast<Bytes*>(held); }, holder.release());
}

}  // namespace

grpc::ByteBuffer to_byte_buffer(wire::EncodedFrame frame) {
  if (frame.bytes() <= kSentByCopyBytesMax) {
    const grpc::Slice slice = flat_slice(frame);
    return grpc::ByteBuffer(&slice, 1);
  }
  std::vector<grpc::Slice> slices;
  slices.reserve(1 + frame.payload.size());
  slices.emplace_back(frame.header.data(), frame.header_bytes);
  for (Bytes& piece : frame.payload) slices.push_back(shared_slice(std::move(piece)));
  return grpc::ByteBuffer(slices.data(), slices.size());
}

std::vector<Bytes> to_bytes(const grpc::ByteBuffer& message) {
  auto slices = std::make_shared<std::vector<grpc::Slice>>();
  if (!message.Dump(slices.get()).ok()) return {};  // there is no buffer
  const size_t size = message.Length();
  std::vector<Bytes> views;
  if (size < kReceivedByCopyBytesMax) {
    uint8_t memory[kReceivedByCopyBytesMax];
    size_t filled = 0;
    for (const grpc::Slice& slice : *slices) {
      std::memcpy(memory + filled, slice.begin(), slice.size());
      filled += slice.size();
    }
    if (filled > 0) views.push_back(Bytes::copy_of(std::span<const uint8_t>(memory, filled)));
    return views;
  }
  views.reserve(slices->size());
  for (const grpc::Slice& slice : *slices) {
    if (slice.size() > 0) views.emplace_back(slices, std::span(slice.begin(), slice.size()), size);
  }
  return views;
}

}  // namespace mm::transport
