// SPDX-License-Identifier: MIT
// Stream: the local end of a forwarded connection as tunnel sees it, a byte stream that can end
// and be reset in each direction. Implemented by Socket (TCP, unix), StandardStream (`-`) and the
// simulation. Reading and writing never block: when nothing goes now, wait_* says when to try
// again. All on the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace mm::net {

class Stream {
 public:
  // Closes without waiting. Bytes written before shutdown_write() are still delivered by the
  // kernel, unless unread input makes it a reset. No handler runs after this.
  virtual ~Stream() = default;

  struct ReadResult {
    enum class Kind { kBytes, kWouldBlock, kEnd, kReset };
    Kind kind = Kind::kWouldBlock;
    base::Bytes bytes{};    // kBytes: 1 to most_bytes of them
    bool is_all = false;    // kBytes: nothing more is there now
    base::Status status{};  // kReset: why
  };

  // Takes what is there now, at most `most_bytes` (> 0). kEnd once the other side has ended its
  // direction in order; kReset for every other end, and never kEnd after an error.
  virtual ReadResult read(size_t most_bytes) = 0;

  // Calls `handler` once when read() may have something new. One wait at a time.
  virtual void wait_readable(std::function<void()> handler) = 0;

  // Gives as many of `pieces` to the kernel as it takes now, in order; the number of bytes taken.
  // 0: it takes none now. kAborted: the connection is gone. Any other error: the bytes cannot be
  // what the peer sent, and the connection is to be reset for this reason.
  virtual base::StatusOr<size_t> write(std::span<const base::Bytes> pieces) = 0;

  // Calls `handler` once when write() may take more. One wait at a time.
  virtual void wait_writable(std::function<void()> handler) = 0;

  // Calls `handler` once when the connection was reset, even while nobody reads. One wait at a
  // time; need not fire for a stream that cannot be reset.
  virtual void wait_reset(std::function<void()> handler) = 0;

  // Ends our direction in order (FIN). Errors as write().
  virtual base::Status shutdown_write() = 0;

  // Bytes written that the other side's kernel has not acknowledged; they die with a reset().
  virtual size_t unacknowledged_bytes() const = 0;

  // Bytes of the user's own that were read and written so far, where the stream adds others.
  struct Moved {
    uint64_t read_bytes = 0;
    uint64_t written_bytes = 0;
  };
  virtual std::optional<Moved> moved() const { return std::nullopt; }

  // Ends both directions at once, so that the other side sees ECONNRESET. No handler runs after.
  virtual void reset() = 0;

 protected:
  // iovecs of one call: 64 frames of 4 KiB are one read block's worth. UIO_MAXIOV is 1024.
  static constexpr size_t kPiecesPerCall = 64;

  // What a call says of a connection that failed with this errno.
  static base::Status gone(int error_number, std::string_view clause) {
    return base::error(base::Code::kAborted,
                       base::message(base::errno_error(error_number, clause)));
  }
};

}  // namespace mm::net
