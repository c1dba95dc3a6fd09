// SPDX-License-Identifier: MIT
// Any bytes as a Frame: they are one or they are not, and what is decoded can be encoded again.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "fuzz/input.h"
#include "wire/frame.h"

using namespace mm;

namespace {

std::string text_of(const std::vector<base::Bytes>& pieces) {
  std::string text;
  for (const base::Bytes& piece : pieces) text += piece.text();
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  // In pieces of any size, as gRPC hands them over.
  std::vector<base::Bytes> message;
  while (!input.is_over()) message.push_back(base::Bytes::copy_of(input.some()));
  const auto frame = wire::decode(message);
  if (!frame.ok()) return 0;
  if (frame->reset && (frame->move || !frame->data.empty())) return 0;  // nobody sends one
  wire::EncodedFrame encoded = wire::encode(*frame);
  std::vector<base::Bytes> again = encoded.payload;
  again.insert(again.begin(),
               base::Bytes::copy_of(std::span(encoded.header).first(encoded.header_bytes)));
  const auto same = wire::decode(again);
  MM_CHECK(same.ok());
  MM_CHECK(same->attach == frame->attach && same->offset == frame->offset);
  MM_CHECK(same->received == frame->received && same->limit == frame->limit);
  MM_CHECK(same->fin == frame->fin && same->move == frame->move);
  MM_CHECK(same->reset == frame->reset && text_of(same->data) == text_of(frame->data));
  return 0;
}
