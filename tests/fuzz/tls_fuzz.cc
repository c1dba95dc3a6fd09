// SPDX-License-Identifier: MIT
// Any bytes instead of the peer's, at either end of a TLS session, from the start or in its midst:
// they never become plaintext, nor an end.
#include <array>
#include <memory>

#include "base/check.h"
#include "fuzz/input.h"
#include "secure/tls.h"

using namespace mm;

namespace {

secure::Identity identity() {
  std::array<uint8_t, 32> seed;
  seed.fill(1);
  return secure::Identity::from_seed(seed);
}

void pass(secure::TlsSession& from, secure::TlsSession& to) {
  while (from.output_bytes() > 0) (void)to.receive(from.take_output(SIZE_MAX));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const secure::TlsServer server(identity());
  secure::TlsClient client(identity().fingerprint());
  fuzz::Input input(data, size);
  const std::unique_ptr<secure::TlsSession> share = server.open(), connect = client.open();
  const uint8_t how = input.byte();
  for (int flight = 0; flight < how % 4; ++flight) {
    if (flight % 2 == 0) pass(*connect, *share);
    if (flight % 2 == 1) pass(*share, *connect);
  }
  secure::TlsSession& victim = (how & 128) != 0 ? *share : *connect;
  while (!input.is_over()) (void)victim.receive(base::Bytes::copy_of(input.some()));
  std::array<uint8_t, 1000> out;
  const auto count = victim.read(out);
  MM_CHECK(!count.ok() || *count == 0);
  MM_CHECK(!victim.is_ended() || !count.ok());
  if (victim.is_established()) (void)victim.write(out);
  return 0;
}
