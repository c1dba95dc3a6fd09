// SPDX-License-Identifier: MIT
#include "base/secret.h"

#include <cstring>

namespace mm::base {

void wipe(std::string& text) {
  explicit_bzero(text.data(), text.size());
  text.clear();
}

// Copied: moving a short string would leave its bytes behind.
Secret::Secret(std::string bytes) : bytes_(bytes) { wipe(bytes); }

Secret::~Secret() { wipe(bytes_); }

Secret::Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }

Secret& Secret::operator=(const Secret& other) {
  if (this == &other) return *this;
  wipe(bytes_);
  bytes_ = other.bytes_;
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(bytes_);
  bytes_ = other.bytes_;
  wipe(other.bytes_);
  return *this;
}

}  // namespace mm::base
