// SPDX-License-Identifier: MIT
#include "wire/frame.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "wire/varint.h"

namespace mm::wire {
namespace {

using base::Bytes;

// Field numbers of proto/mindmeld/v1/proxy.proto.
enum Field : uint64_t {
  kAttach = 1,
  kOffset = 2,
  kReceived = 3,
  kLimit = 4,
  kFin = 5,
  kReset = 6,
  kMove = 7,
  kData = 15,
};
enum AttachField : uint64_t { kAttachVersion = 1, kAttachGeneration = 2, kAttachProtection = 3 };
enum ResetField : uint64_t { kResetCode = 1, kResetText = 2 };

// An attach or a reset with fields of a later version; more is not a frame of ours.
constexpr size_t kSubmessageBytesMax = 1024;

base::Status malformed(std::string_view what) {
  return base::error(base::Code::kInvalidArgument, "malformed frame: " + std::string(what));
}

// proto3 leaves out a plain field that holds its default.
template <typename Out>
void put_plain(Out& out, uint64_t field, uint64_t value) {
  if (value == 0) return;
  put_varint(out, field << 3 | kWireVarint);
  put_varint(out, value);
}

template <typename Out>
void put_optional(Out& out, uint64_t field, const std::optional<uint64_t>& value) {
  if (!value) return;
  put_varint(out, field << 3 | kWireVarint);
  put_varint(out, *value);
}

void put_attach(HeaderWriter& out, const Attach& attach) {
  std::array<uint8_t, kHeaderBytesMax> memory;
  HeaderWriter fields(memory);
  put_plain(fields, kAttachVersion, attach.version);
  put_plain(fields, kAttachGeneration, attach.generation);
  put_plain(fields, kAttachProtection, static_cast<uint32_t>(attach.protection));
  put_varint(out, kAttach << 3 | kWireBytes);
  put_varint(out, fields.size());
  for (size_t i = 0; i < fields.size(); ++i) out.push_back(memory[i]);
}

Bytes reset_bytes(const Reset& reset) {
  std::string fields;
  put_plain(fields, kResetCode, static_cast<uint64_t>(reset.code));
  const std::string text = reset.text.substr(0, kResetTextBytesMax);
  if (!text.empty()) {
    put_varint(fields, kResetText << 3 | kWireBytes);
    put_varint(fields, text.size());
    fields += text;
  }
  std::string field;
  put_varint(field, kReset << 3 | kWireBytes);
  put_varint(field, fields.size());
  return Bytes::copy_of(field + fields);
}

// Calls `on_field(number, wire_type)` for each field; it reads the value from `in`, or returns
// false to have it skipped.
template <typename OnField>
base::Status each_field(MessageReader& in, OnField on_field) {
  while (in.remaining() > 0) {
    const std::optional<uint64_t> key = in.varint();
    if (!key || *key >> 3 == 0) return malformed("bad key");
    const auto known = on_field(*key >> 3, *key & 7);
    if (!known.ok()) return known.status();
    if (!*known && !in.skip_value(*key & 7)) return malformed("bad field");
  }
  return absl::OkStatus();
}

base::StatusOr<std::vector<Bytes>> read_submessage(MessageReader& in) {
  const std::optional<uint64_t> size = in.varint();
  std::vector<Bytes> content;
  if (!size || *size > kSubmessageBytesMax || !in.take(*size, content)) {
    return malformed("bad attach or reset");
  }
  return content;
}

base::StatusOr<Attach> read_attach(MessageReader& in) {
  const auto content = read_submessage(in);
  if (!content.ok()) return content.status();
  MessageReader fields(*content);
  Attach attach;
  attach.version = 0;
  const auto status =
      each_field(fields, [&](uint64_t number, uint64_t type) -> base::StatusOr<bool> {
        if (type != kWireVarint || number > kAttachProtection) return false;
        const std::optional<uint64_t> value = fields.varint();
        if (!value) return malformed("bad attach");
        if (number == kAttachVersion) attach.version = static_cast<uint32_t>(*value);
        if (number == kAttachGeneration) attach.generation = *value;
        if (number == kAttachProtection) attach.protection = static_cast<Protection>(*value);
        return true;
      });
  if (!status.ok()) return status;
  return attach;
}

base::StatusOr<Reset> read_reset(MessageReader& in) {
  const auto content = read_submessage(in);
  if (!content.ok()) return content.status();
  MessageReader fields(*content);
  Reset reset;
  const auto status =
      each_field(fields, [&](uint64_t number, uint64_t type) -> base::StatusOr<bool> {
        if (number == kResetCode && type == kWireVarint) {
          const std::optional<uint64_t> value = fields.varint();
          if (!value) return malformed("bad reset");
          reset.code = static_cast<ResetCode>(*value);
          return true;
        }
        if (number == kResetText && type == kWireBytes) {
          const std::optional<uint64_t> size = fields.varint();
          std::vector<Bytes> pieces;
          if (!size || *size > kResetTextBytesMax || !fields.take(*size, pieces)) {
            return malformed("reset text too long");
          }
          reset.text.clear();
          for (const Bytes& piece : pieces) reset.text += piece.text();
          return true;
        }
        return false;
      });
  if (!status.ok()) return status;
  return reset;
}

base::StatusOr<bool> read_number(MessageReader& in, uint64_t number, Frame& frame) {
  const std::optional<uint64_t> value = in.varint();
  if (!value) return malformed("bad number");
  switch (number) {
    case kOffset:
      frame.offset = *value;
      break;
    case kReceived:
      frame.received = *value;
      break;
    case kLimit:
      frame.limit = *value;
      break;
    case kFin:
      frame.fin = *value != 0;
      break;
    default:
      frame.move = *value != 0;
      break;
  }
  return true;
}

base::StatusOr<bool> read_bytes(MessageReader& in, uint64_t number, Frame& frame) {
  if (number == kAttach) {
    auto attach = read_attach(in);
    if (!attach.ok()) return attach.status();
    frame.attach = *attach;
    return true;
  }
  if (number == kReset) {
    auto reset = read_reset(in);
    if (!reset.ok()) return reset.status();
    frame.reset = *std::move(reset);
    return true;
  }
  const std::optional<uint64_t> size = in.varint();
  frame.data.clear();
  if (!size || *size > kDataBytesMax) return malformed("more than 262144 bytes of data");
  if (!in.take(*size, frame.data)) return malformed("data cut short");
  return true;
}

}  // namespace

size_t Frame::data_bytes() const {
  size_t total = 0;
  for (const Bytes& piece : data) total += piece.size();
  return total;
}

size_t EncodedFrame::bytes() const {
  size_t total = header_bytes;
  for (const Bytes& piece : payload) total += piece.size();
  return total;
}

EncodedFrame encode(Frame frame) {
  EncodedFrame encoded;
  HeaderWriter header(encoded.header);
  if (frame.attach) put_attach(header, *frame.attach);
  put_optional(header, kOffset, frame.offset);
  put_optional(header, kReceived, frame.received);
  put_optional(header, kLimit, frame.limit);
  if (frame.fin) put_optional(header, kFin, 1);
  if (frame.reset) {
    MM_CHECK(frame.data.empty() && !frame.move);
    encoded.payload.push_back(reset_bytes(*frame.reset));
  }
  if (frame.move) put_optional(header, kMove, 1);
  const size_t data_bytes = frame.data_bytes();
  if (data_bytes > 0) {
    MM_CHECK(data_bytes <= kDataBytesMax);
    put_varint(header, kData << 3 | kWireBytes);
    put_varint(header, data_bytes);
    encoded.payload = std::move(frame.data);
  }
  encoded.header_bytes = header.size();
  return encoded;
}

base::StatusOr<Frame> decode(const std::vector<Bytes>& message) {
  MessageReader in(message);
  Frame frame;
  const auto status = each_field(in, [&](uint64_t number, uint64_t type) -> base::StatusOr<bool> {
    const bool is_number = (number >= kOffset && number <= kFin) || number == kMove;
    if (is_number && type == kWireVarint) return read_number(in, number, frame);
    const bool is_bytes = number == kAttach || number == kReset || number == kData;
    if (is_bytes && type == kWireBytes) return read_bytes(in, number, frame);
    return false;
  });
  if (!status.ok()) return status;
  return frame;
}

}  // namespace mm::wire
