// SPDX-License-Identifier: MIT
// Bytes as gRPC's slices and back, by reference: a payload is not copied on its way into or out of
// gRPC. Used by lanes; knows no stream.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <vector>

#include "base/bytes.h"
#include "wire/frame.h"

namespace mm::transport {

// The frame as one message. Its payload is held until gRPC lets go of it, on any thread.
grpc::ByteBuffer to_byte_buffer(wire::EncodedFrame frame);

// The message's bytes. The views share the message's memory; a small message is copied, because it
// would pin a whole block of what gRPC reads into.
std::vector<base::Bytes> to_bytes(const grpc::ByteBuffer& message);

}  // namespace mm::transport
