// SPDX-License-Identifier: MIT
// Frame: what the two ends of a conduit say to each other, and its bytes on the wire
// (proto/mindmeld/v1/proxy.proto). The codec is made by hand, so that a payload is never copied;
// tests hold it against protobuf's. Knows nothing of conduits, lanes or gRPC.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace mm::wire {

// The most data bytes of one frame. Larger gains nothing (reference: message sizes from 16 KiB to
// 1 MiB timed alike) and delays what shares the stream.
constexpr size_t kDataBytesMax = 256 << 10;
constexpr size_t kHeaderBytesMax = 72;  // every field but data, each at its largest: 66
constexpr size_t kResetTextBytesMax = 256;
constexpr uint32_t kVersion = 1;

enum class ResetCode : uint32_t {
  kUnspecified = 0,
  kLocal = 1,
  kRefused = 2,
  kProtocol = 3,
  kUnknown = 4,
  kLaneLost = 5,
  kStopped = 6,
  kProtectionMismatch = 7,
  kOverloaded = 8,
  kDenied = 9,
};

// What the bytes of a conduit are, end to end. Both ends say it in each attach.
enum class Protection : uint32_t {
  kNone = 0,
  kTls = 1,  // TLS 1.3 records; what they hold is for the two ends alone
};

struct Attach {
  uint32_t version = kVersion;
  uint64_t generation = 0;
  Protection protection = Protection::kNone;  // any number may come
  bool operator==(const Attach&) const = default;
};

struct Reset {
  ResetCode code = ResetCode::kUnspecified;
  std::string text;  // for people; at most kResetTextBytesMax bytes
  bool operator==(const Reset&) const = default;
};

struct Frame {
  std::optional<Attach> attach;
  std::optional<uint64_t> offset;
  std::optional<uint64_t> received;
  std::optional<uint64_t> limit;
  bool fin = false;
  std::optional<Reset> reset;
  bool move = false;
  std::vector<base::Bytes> data;  // in order; no piece is empty

  size_t data_bytes() const;
};

// A frame's bytes, ready for a lane: the header, then the pieces of the payload by reference.
struct EncodedFrame {
  std::array<uint8_t, kHeaderBytesMax> header;
  size_t header_bytes = 0;
  std::vector<base::Bytes> payload;

  size_t bytes() const;
};

// Require: reset (if any) comes without data and move, data_bytes() <= kDataBytesMax.
EncodedFrame encode(Frame frame);

// Reads one message, whose bytes are the concatenation of `message`. Unknown fields are skipped.
// kInvalidArgument: not a Frame, or a limit of this header broken. Shares memory with `message`.
base::StatusOr<Frame> decode(const std::vector<base::Bytes>& message);

}  // namespace mm::wire
