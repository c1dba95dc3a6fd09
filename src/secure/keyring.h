// SPDX-License-Identifier: MIT
// Keyring: the file that makes a user the same one in every process and on every machine where it
// lies. Holds the user's key; made on first use, readable by this user alone.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/status.h"

namespace mm::secure {

class Keyring {
 public:
  // Reads `path`, or makes it, and the folder that it is in. Two processes that make it at once
  // get the same one. kPermissionDenied: others may read it. kInvalidArgument: it is no keyring.
  // kUnavailable: it can be neither read nor made.
  static base::StatusOr<Keyring> open(const std::string& path, base::Random& random);

  // One that nobody else has, and that is kept nowhere.
  static Keyring temporary(base::Random& random);

  // A text that only this keyring can make, for one service at one router
  // ("https://relay.example.com:443"): HKDF-SHA256 of the key, as 64 hex digits.
  std::string owner_proof(std::string_view router_origin, std::string_view service) const;

 private:
  using Key = std::array<uint8_t, 32>;  // the seed of an Ed25519 key (RFC 8032)

  explicit Keyring(const Key& key) : key_(key) {}
  static base::StatusOr<Keyring> read(int fd, const std::string& path);
  static base::Status make(const std::string& path, base::Random& random);

  Key key_;
};

}  // namespace mm::secure
