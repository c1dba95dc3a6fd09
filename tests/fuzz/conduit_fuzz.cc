// SPDX-License-Identifier: MIT
// A conduit between any local side and any peer: no frame, in whatever order, takes it out of its
// bounds, and what it delivers was sent.
#include <string>

#include "base/check.h"
#include "fuzz/input.h"
#include "wire/conduit.h"

using namespace mm;

namespace {

struct End {
  wire::Budget budget{64 << 10};
  wire::Conduit conduit{budget};
  base::TimePoint now{};
  uint64_t received = 0;
  uint64_t next_generation = 1;
  bool is_attached = false;
  bool is_local_over = false;

  void take(const std::vector<base::Bytes>& message) {
    if (!is_attached || conduit.peer_reset() || conduit.is_reset_sent()) return;
    auto frame = wire::decode(message);
    if (!frame.ok()) return;
    const base::Status status = conduit.on_frame(*std::move(frame), now);
    if (!status.ok()) {  // as a tunnel does
      conduit.on_local_reset({wire::ResetCode::kProtocol, "broken"}, true);
      is_local_over = true;
    }
    MM_CHECK(conduit.received() >= received);
    received = conduit.received();
    MM_CHECK(conduit.delivered_bytes() <= conduit.received());
  }

  void attach() {
    if (is_attached) conduit.detach();
    if (next_generation > 1) (void)conduit.greeting(next_generation);
    conduit.attach(std::exchange(next_generation, next_generation + 1) - 1);
    is_attached = true;
  }

  void send() {
    for (int i = 0; i < 8; ++i) {
      const auto frame = conduit.next_frame(now);
      if (!frame) return;
      MM_CHECK(frame->data_bytes() <= wire::kDataBytesMax);
    }
  }

  void read_local(size_t bytes) {
    bytes = std::min(bytes, conduit.readable_bytes());
    if (is_local_over || bytes == 0) return;
    conduit.on_local_bytes(base::Bytes::copy_of(std::string(bytes, 'x')));
  }

  void deliver() {
    if (conduit.inbox().empty()) return;
    const size_t bytes = conduit.inbox().front().size();
    conduit.on_delivered(bytes, now);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  End end;
  end.attach();
  while (!input.is_over()) {
    switch (input.byte() % 8) {
      case 0:
        end.attach();
        break;
      case 1:
        end.read_local(size_t{input.byte()} * 64);
        break;
      case 2:
        if (!std::exchange(end.is_local_over, true)) end.conduit.on_local_end();
        break;
      case 3:
        end.deliver();
        break;
      case 4:
        end.send();
        break;
      case 5:
        end.now += std::chrono::milliseconds(input.byte());
        break;
      default:
        end.take({base::Bytes::copy_of(input.some())});
        break;
    }
  }
  return 0;
}
