// SPDX-License-Identifier: MIT
#include "certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "base/check.h"

namespace mm::test {
namespace {

template <typename Object, void (*kFree)(Object*)>
struct Free {
  void operator()(Object* object) const { kFree(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;

struct Memory {
  BIO* bio = BIO_new(BIO_s_mem());
  ~Memory() { BIO_free(bio); }

  std::string text() const {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<size_t>(size));
  }
};

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  MM_CHECK(extension && X509_add_ext(certificate, extension, -1));
  X509_EXTENSION_free(extension);
}

Certificate make_unsigned(EVP_PKEY* key, const std::string& name, const Validity& validity = {}) {
  static long serial = 0;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), validity.from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), validity.until_s);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

Identity sign(const Certificate& certificate, const Key& key, X509* issuer, EVP_PKEY* issuer_key) {
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  MM_CHECK(X509_sign(certificate.get(), issuer_key, EVP_sha256()) > 0);
  const Memory certificate_pem;
  const Memory key_pem;
  PEM_write_bio_X509(certificate_pem.bio, certificate.get());
  PEM_write_bio_PrivateKey(key_pem.bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {certificate_pem.text(), key_pem.text()};
}

}  // namespace

Identity make_authority(const std::string& name) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make_unsigned(key.get(), name);
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  return sign(certificate, key, certificate.get(), key.get());
}

Identity make_identity(const Identity& authority, const std::string& alternative_name,
                       const Validity& validity) {
  const Memory issuer_pem;
  const Memory issuer_key_pem;
  BIO_puts(issuer_pem.bio, authority.certificate.c_str());
  BIO_puts(issuer_key_pem.bio, authority.key.c_str());
  const Certificate issuer(PEM_read_bio_X509(issuer_pem.bio, nullptr, nullptr, nullptr));
  const Key issuer_key(PEM_read_bio_PrivateKey(issuer_key_pem.bio, nullptr, nullptr, nullptr));
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make_unsigned(key.get(), "router", validity);
  add_extension(certificate.get(), issuer.get(), NID_subject_alt_name, alternative_name);
  return sign(certificate, key, issuer.get(), issuer_key.get());
}

TemporaryFile::TemporaryFile(const std::string& content)
    : path_(std::filesystem::temp_directory_path() / "mindmeld-test-XXXXXX") {
  const int file = mkstemp(path_.data());
  MM_CHECK(file >= 0);
  MM_CHECK(write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  close(file);
}

TemporaryFile::~TemporaryFile() { std::filesystem::remove(path_); }

}  // namespace mm::test
