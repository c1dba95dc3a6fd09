// SPDX-License-Identifier: MIT
// SendGate: the order of one lane's writes and its finish, kept by one atomic word. gRPC aborts
// when a call is finished during a write or twice, and both may be wanted from different threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace mm::router {

// Why a lane ends; what its end is told. Part of the gate's word, so that whoever finishes a lane
// for another hands over no more than that.
enum class LaneEnd : uint8_t {
  kDone,         // both lanes were half-closed in order
  kPartnerLost,  // the other lane went without that
  kShutdown,     // the router ends
  kNotAdmitted,  // one of the two ends is not let in any more
};

class SendGate {
 public:
  // True: the caller writes now, and calls end_write() when the write has completed. False: the
  // lane is being finished. Require: no write of another is outstanding.
  bool begin_write();

  // A reason: the caller finishes the lane now, with it.
  std::optional<LaneEnd> end_write();

  // True: the caller finishes the lane now. False: whoever ends the outstanding write will, or the
  // lane was finished before; the first reason counts.
  bool begin_finish(LaneEnd end);

  bool is_finishing() const;

 private:
  static constexpr uint8_t kIdle = 0;
  static constexpr uint8_t kWriting = 1;
  static constexpr uint8_t kFinished = 2;
  static constexpr uint8_t kPending = 3;  // plus the LaneEnd that the write's end will finish with

  std::atomic<uint8_t> state_{kIdle};
};

}  // namespace mm::router
