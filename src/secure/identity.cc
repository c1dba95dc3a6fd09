// SPDX-License-Identifier: MIT
#include "secure/identity.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>

#include "base/check.h"
#include "secure/digest.h"

namespace mm::secure {
namespace {

std::shared_ptr<X509> self_signed(EVP_PKEY* key) {
  std::shared_ptr<X509> certificate(X509_new(), &X509_free);
  X509* const x509 = certificate.get();
  X509_NAME* const name = X509_get_subject_name(x509);
  const auto* const text = reinterpret_cast<const unsigned char*>("mindmeld");
  const bool is_made = X509_set_version(x509, X509_VERSION_3) == 1 &&
                       ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
                       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
                       X509_set_issuer_name(x509, name) == 1 &&
                       // Nobody looks at these: the key is what counts, and it has no date.
                       ASN1_TIME_set_string(X509_getm_notBefore(x509), "700101000000Z") == 1 &&
                       ASN1_TIME_set_string(X509_getm_notAfter(x509), "99991231235959Z") == 1 &&
                       X509_set_pubkey(x509, key) == 1 && X509_sign(x509, key, nullptr) > 0;
  MM_CHECK(is_made);
  return certificate;
}

}  // namespace

bool fingerprint_of(const EVP_PKEY* key, Fingerprint& fingerprint) {
  std::array<unsigned char, 32> raw;
  size_t size = raw.size();
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1 || size != raw.size()) {
    return false;
  }
  const Digest digest = sha256({reinterpret_cast<const char*>(raw.data()), raw.size()});
  std::copy_n(digest.begin(), fingerprint.size(), fingerprint.begin());
  return true;
}

Identity Identity::from_seed(std::span<const uint8_t, 32> seed) {
  Identity identity;
  identity.key_.reset(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
      &EVP_PKEY_free);
  MM_CHECK(fingerprint_of(identity.key_.get(), identity.fingerprint_));
  identity.certificate_ = self_signed(identity.key_.get());
  return identity;
}

}  // namespace mm::secure
