// SPDX-License-Identifier: MIT
#include "secure/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace mm::secure {

Digest sha256(std::string_view data) {
  Digest digest;
  MM_CHECK(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr) ==
           1);
  return digest;
}

bool equal(const Digest& left, const Digest& right) {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace mm::secure
