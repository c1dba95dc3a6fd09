// SPDX-License-Identifier: MIT
// Ledger: what one end of a conduit has told its peer and heard of it, on whatever lane, and what
// must hold of that after each step (PROTOCOL.md, "The conduit"). Both simulations keep one for
// each end: ConduitWorld beside a bare conduit, World beside the lanes of its processes.
#pragma once

#include <cstdint>
#include <string>

#include "wire/conduit.h"

namespace mm::sim {

class Ledger {
 public:
  // Where the end stands after a step, in bytes of the conduit.
  struct Standing {
    uint64_t una = 0;       // the first that its peer has not acknowledged
    uint64_t received = 0;  // with the FIN
    uint64_t delivered = 0;
    uint64_t sent = 0;        // read from its application
    uint64_t generation = 0;  // its own or its peer's, always the same one's
  };

  // A frame that it sends; one that reaches it.
  void told(const wire::Frame& frame);
  void heard(const wire::Frame& frame);

  // `peer` is the other end's ledger; null: that end is no more, or not yet.
  void check(const Standing& now, const Ledger* peer, uint64_t budget_bytes);

  uint64_t acknowledged() const { return acknowledged_; }  // by the peer
  uint64_t sent() const { return sent_; }                  // by any lane
  uint64_t room_most() const { return room_most_; }        // that the peer saw for bytes of its own
  uint64_t memory_most() const { return memory_most_; }    // that it held, both ways
  const std::string& failure() const { return failure_; }

 private:
  void check_forward(const Standing& now);
  void check_memory(const Standing& now, const Ledger* peer, uint64_t budget_bytes);
  void fail(const std::string& what);

  uint64_t received_told_ = 0;
  uint64_t limit_told_ = wire::kFloorBytes;
  uint64_t room_most_ = wire::kFloorBytes;  // between what was received and the limit, as told
  uint64_t acknowledged_ = 0;
  uint64_t sent_ = 0;
  uint64_t memory_most_ = 0;
  Standing last_;
  std::string failure_;
};

}  // namespace mm::sim
