// SPDX-License-Identifier: MIT
#include "secure/bytes_bio.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace mm::secure {
namespace {

// Where nothing was expected: a flight of a handshake, or an alert.
constexpr size_t kSmallBlockBytes = 1 << 10;

}  // namespace

// What OpenSSL calls (BIO_meth_new(3)).
struct BytesBio::Methods {
  static BytesBio& self(BIO* bio) { return *static_cast<BytesBio*>(BIO_get_data(bio)); }

  // Nothing there is not the end.
  static int read(BIO* bio, char* out, size_t size, size_t* count) {
    BIO_clear_retry_flags(bio);
    *count = self(bio).read({reinterpret_cast<uint8_t*>(out), size});
    if (*count == 0) BIO_set_retry_read(bio);
    return *count > 0 ? 1 : 0;
  }

  static int write(BIO* bio, const char* bytes, size_t size, size_t* count) {
    BIO_clear_retry_flags(bio);
    self(bio).write({reinterpret_cast<const uint8_t*>(bytes), size});
    *count = size;
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* get() {
    static const BIO_METHOD* const kMethods = [] {
      BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bytes");
      MM_CHECK(made != nullptr && BIO_meth_set_read_ex(made, &read) == 1 &&
               BIO_meth_set_write_ex(made, &write) == 1 && BIO_meth_set_ctrl(made, &control) == 1);
      return made;
    }();
    return kMethods;
  }
};

BytesBio::BytesBio() : bio_(BIO_new(Methods::get()), &BIO_free) {
  MM_CHECK(bio_);
  BIO_set_data(bio_.get(), this);
  BIO_set_init(bio_.get(), 1);
}

BytesBio::~BytesBio() = default;

BIO* BytesBio::bio() const {
  MM_CHECK(BIO_up_ref(bio_.get()) == 1);
  return bio_.get();
}

void BytesBio::push_input(base::Bytes bytes) {
  if (bytes.empty()) return;
  input_bytes_ += bytes.size();
  input_.push_back(std::move(bytes));
}

size_t BytesBio::read(std::span<uint8_t> out) {
  size_t total = 0;
  while (total < out.size() && !input_.empty()) {
    base::Bytes& front = input_.front();
    const size_t part = std::min(out.size() - total, front.size());
    std::memcpy(out.data() + total, front.data(), part);
    front.remove_prefix(part);
    if (front.empty()) input_.pop_front();
    total += part;
  }
  input_bytes_ -= total;
  return total;
}

void BytesBio::write(std::span<const uint8_t> bytes) {
  output_bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (output_.empty() || output_.back().filled == output_.back().capacity) {
      const size_t least = expected_bytes_ > 0 ? expected_bytes_ : kSmallBlockBytes;
      const size_t capacity = std::max(bytes.size(), least);
      output_.push_back({std::shared_ptr<uint8_t[]>(new uint8_t[capacity]), capacity});
    }
    Block& block = output_.back();
    const size_t part = std::min(bytes.size(), block.capacity - block.filled);
    std::memcpy(block.memory.get() + block.filled, bytes.data(), part);
    block.filled += part;
    expected_bytes_ -= std::min(expected_bytes_, part);
    bytes = bytes.subspan(part);
  }
}

base::Bytes BytesBio::take_output(size_t most_bytes) {
  MM_CHECK(output_bytes_ > 0 && most_bytes > 0);
  Block& block = output_.front();
  const size_t part = std::min(most_bytes, block.filled - block.taken);
  const std::span<const uint8_t> view(block.memory.get() + block.taken, part);
  base::Bytes taken(block.memory, view, block.capacity);
  block.taken += part;
  output_bytes_ -= part;
  if (block.taken == block.filled) output_.pop_front();  // who took it holds the memory
  return taken;
}

}  // namespace mm::secure
