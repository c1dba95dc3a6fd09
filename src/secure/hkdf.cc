// SPDX-License-Identifier: MIT
#include "secure/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>
#include <string>

#include "base/check.h"

namespace mm::secure {

Digest hkdf(std::string_view key, std::string_view info) {
  // OpenSSL takes them as if it changed them.
  std::string key_copy(key);
  std::string info_copy(info);
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key_copy.data(), key_copy.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_copy.data(), info_copy.size()),
      OSSL_PARAM_construct_end()};
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(
      EVP_KDF_fetch(nullptr, "HKDF", nullptr), &EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(
      EVP_KDF_CTX_new(kdf.get()), &EVP_KDF_CTX_free);
  Digest derived;
  MM_CHECK(EVP_KDF_derive(context.get(), derived.data(), derived.size(), parameters) == 1);
  OPENSSL_cleanse(key_copy.data(), key_copy.size());
  return derived;
}

}  // namespace mm::secure
