// SPDX-License-Identifier: MIT
// BytesBio: where an OpenSSL session reads from and writes to: Bytes that came, by reference, and
// Bytes to be sent, which it writes where they stay. OpenSSL's own memory BIO copies each byte
// once more on either side. Used by TlsSession.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "base/bytes.h"

namespace mm::secure {

class BytesBio {
 public:
  BytesBio();
  ~BytesBio();
  BytesBio(const BytesBio&) = delete;
  BytesBio& operator=(const BytesBio&) = delete;

  // A reference for a session, whose reads and writes come here. Require: the session goes first.
  BIO* bio() const;

  // ---- what came

  void push_input(base::Bytes bytes);
  size_t input_bytes() const { return input_bytes_; }

  // ---- what is to be sent

  // So many bytes are about to be written: they get one piece of memory.
  void expect_output(size_t bytes) { expected_bytes_ = bytes; }
  size_t output_bytes() const { return output_bytes_; }
  base::Bytes take_output(size_t most_bytes);  // Require: output_bytes() > 0 and most_bytes > 0

 private:
  struct Methods;

  // Memory that is filled from its start, and taken from its start.
  struct Block {
    std::shared_ptr<uint8_t[]> memory;
    size_t capacity = 0;
    size_t filled = 0;
    size_t taken = 0;
  };

  size_t read(std::span<uint8_t> out);
  void write(std::span<const uint8_t> bytes);

  const std::unique_ptr<BIO, int (*)(BIO*)> bio_;
  std::deque<base::Bytes> input_;
  size_t input_bytes_ = 0;
  std::deque<Block> output_;
  size_t output_bytes_ = 0;
  size_t expected_bytes_ = 0;
};

}  // namespace mm::secure
