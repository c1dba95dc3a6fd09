// SPDX-License-Identifier: MIT
// Socket: a connected TCP or unix socket as a Stream. Made by Listener and Dial from a descriptor;
// tunnel sees the Stream alone.
//
// What Linux does at the end, and a caller cannot change: closing a TCP socket (destroying this)
// while received bytes lie unread sends a RST in place of the FIN, which can cost the other side
// bytes that it has not read yet. A unix socket knows no RST: its other side sees ECONNRESET if
// received bytes lie unread here, and otherwise an end of stream, after reset() too.
#pragma once

#include <memory>

#include "net/fd.h"
#include "net/loop.h"
#include "net/stream.h"

namespace mm::net {

class Socket final : public Stream {
 public:
  // Takes over `fd`, a stream socket that does not block, connected or connecting.
  // kResourceExhausted and other codes: the kernel cannot watch one more; `fd` is closed.
  static base::StatusOr<std::unique_ptr<Socket>> adopt(Loop& loop, Fd fd);

  // Somebody asked the kernel for the connection's error, which it tells once: it was reset, and
  // what was received before can still be read.
  void reset_was_noticed();

  ~Socket() override;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Gives at most ReadBlock::kCapacityBytes at a time. Bytes that came before a reset are read in
  // full before kReset.
  ReadResult read(size_t most_bytes) override;
  void wait_readable(std::function<void()> handler) override;
  base::StatusOr<size_t> write(std::span<const base::Bytes> pieces) override;
  void wait_writable(std::function<void()> handler) override;

  // Not called any more once both directions have ended in order.
  void wait_reset(std::function<void()> handler) override;
  base::Status shutdown_write() override;

  // A FIN counts as one until it is acknowledged. 0 for a unix socket, where written is received.
  size_t unacknowledged_bytes() const override;
  void reset() override;

 private:
  struct Impl;
  explicit Socket(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;  // shared with the waits under way
};

}  // namespace mm::net
