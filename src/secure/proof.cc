// SPDX-License-Identifier: MIT
#include "secure/proof.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string_view>

#include "base/check.h"

namespace mm::secure {

Digest ticket_proof(const base::Secret& secret, const Digest& exporter) {
  Digest proof;
  unsigned size = 0;
  const std::string_view key = secret.reveal();
  MM_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), exporter.data(),
                exporter.size(), proof.data(), &size) != nullptr);
  MM_CHECK(size == proof.size());
  return proof;
}

}  // namespace mm::secure
