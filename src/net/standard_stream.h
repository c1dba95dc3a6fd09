// SPDX-License-Identifier: MIT
// StandardStream: standard input and output as one Stream, for `connect NAME=-`. Input may be a
// terminal, a pipe, a socket, a file or /dev/null.
#pragma once

#include <unistd.h>

#include <memory>

#include "net/loop.h"
#include "net/stream.h"

namespace mm::net {

class StandardStream final : public Stream {
 public:
  // Borrows the two descriptors. Until its end they do not block, which whoever shares them (the
  // shell) would notice: so they are put back as they were on destruction and by reset(). SIGPIPE
  // is ignored meanwhile. At most one at a time.
  explicit StandardStream(Loop& loop, int input_fd = STDIN_FILENO, int output_fd = STDOUT_FILENO);

  ~StandardStream() override;
  StandardStream(const StandardStream&) = delete;
  StandardStream& operator=(const StandardStream&) = delete;

  // kEnd at the end of input. At most ReadBlock::kCapacityBytes at a time.
  ReadResult read(size_t most_bytes) override;
  void wait_readable(std::function<void()> handler) override;

  // kAborted also when nobody reads the output any more.
  base::StatusOr<size_t> write(std::span<const base::Bytes> pieces) override;
  void wait_writable(std::function<void()> handler) override;

  // Never called: pipes and files are not reset. A reader that went is seen by the next write.
  void wait_reset(std::function<void()> handler) override;

  // Ends the output: what is printed to it afterwards goes nowhere.
  base::Status shutdown_write() override;

  size_t unacknowledged_bytes() const override { return 0; }

  // Lets go of both. Nothing that a pipe's other side could see: the exit code tells.
  void reset() override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the waits under way
};

}  // namespace mm::net
