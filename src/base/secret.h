// SPDX-License-Identifier: MIT
// Secret: bytes that nobody may log. It cannot be formatted or streamed, and its memory is wiped
// when it goes.
#pragma once

#include <string>
#include <string_view>

namespace mm::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes);  // wipes its argument
  ~Secret();
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;

  bool empty() const { return bytes_.empty(); }

  // The secret itself: for keys, for what goes over the wire, and for what hands it out on purpose.
  std::string_view reveal() const { return bytes_; }

 private:
  std::string bytes_;
};

// Overwrites what `text` holds, and leaves it empty.
void wipe(std::string& text);

}  // namespace mm::base
