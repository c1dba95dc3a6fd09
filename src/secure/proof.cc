// SPDX-License-Identifier: MIT
#include "secure/proof.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "base/check.h"
#include "secure/hkdf.h"

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

base::Secret admission_proof(const base::Secret& secret, std::string_view service) {
  const Digest proof = hkdf(secret.reveal(), "admission v1|" + std::string(service));
  return base::Secret(std::string(proof.begin(), proof.end()));
}

Digest admission_verifier(const base::Secret& secret, std::string_view service) {
  return sha256(admission_proof(secret, service).reveal());
}

}  // namespace mm::secure
