// SPDX-License-Identifier: MIT
// Identity: the key with which a share proves that it is the one whose ticket was given: Ed25519
// (RFC 8032), with a certificate of its own making that says nothing else.
#pragma once

#include <openssl/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace mm::secure {

// The first half of the SHA-256 of a raw public key: too much to find another key for.
using Fingerprint = std::array<uint8_t, 16>;

// Nothing unless the key is Ed25519.
bool fingerprint_of(const EVP_PKEY* key, Fingerprint& fingerprint);

class Identity {
 public:
  // The same seed gives the same key.
  static Identity from_seed(std::span<const uint8_t, 32> seed);

  const Fingerprint& fingerprint() const { return fingerprint_; }

  EVP_PKEY* key() const { return key_.get(); }
  X509* certificate() const { return certificate_.get(); }

 private:
  Identity() = default;

  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  Fingerprint fingerprint_{};
};

}  // namespace mm::secure
