// SPDX-License-Identifier: MIT
#include "transport/pinned_tls.h"

#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "base/check.h"
#include "base/file.h"

namespace mm::transport {
namespace {

using base::Code;
using base::Status;
using base::StatusOr;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr long kLifeS = 100L * 365 * 24 * 3'600;  // its end means nothing; the key counts

Bio reader(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
}

std::string written(const Bio& memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Key read_key(const std::string& pem) {
  Key key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  ERR_clear_error();
  return key;
}

// P-256: the one that every TLS library takes.
std::string new_key() {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Bio memory(BIO_new(BIO_s_mem()), &BIO_free);
  MM_CHECK(key && PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0,
                                                nullptr, nullptr) == 1);
  return written(memory);
}

Certificate new_certificate(EVP_PKEY* key, base::Random& random) {
  Certificate certificate(X509_new(), &X509_free);
  X509* const x509 = certificate.get();
  const auto* const name = reinterpret_cast<const unsigned char*>("mindmeld router");
  X509_NAME* const subject = X509_get_subject_name(x509);
  MM_CHECK(X509_set_version(x509, X509_VERSION_3) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), random.below(uint64_t{1} << 62) + 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), 0);
  X509_gmtime_adj(X509_getm_notAfter(x509), kLifeS);
  MM_CHECK(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1);
  MM_CHECK(X509_set_issuer_name(x509, subject) == 1 && X509_set_pubkey(x509, key) == 1);
  MM_CHECK(X509_sign(x509, key, EVP_sha256()) > 0);
  return certificate;
}

StatusOr<std::string> read_or_make(const std::string& path, base::Random& random) {
  if (base::is_exposed(path)) {
    return base::error(Code::kPermissionDenied, "others can read it: chmod 600 " + path);
  }
  const StatusOr<std::string> there = base::read_file(path);
  if (there.status().code() != Code::kNotFound) return there;
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (std::filesystem::create_directories(folder, ignored)) chmod(folder.c_str(), S_IRWXU);
  std::string kept;  // another router's, if one made it meanwhile
  const Status made = base::update_file(
      path, S_IRUSR | S_IWUSR, random,
      [&](const std::string& text) { return kept = text.empty() ? new_key() : text; });
  if (!made.ok()) return made;
  return kept;
}

class PinVerifier final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit PinVerifier(const config::Pin& pin) : pin_(pin) {}

  // gRPC says this text in the call's status, where status.cc looks for it.
  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>, grpc::Status* status) override {
    const grpc::string_ref text = request->peer_cert();
    const std::string pem(text.data(), text.size());
    const Certificate shown(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr),
                            &X509_free);
    ERR_clear_error();
    const bool is_it = shown && pin_of(shown.get()) == pin_;
    *status = is_it ? grpc::Status::OK
                    : grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "another key than the pin's");
    return true;  // at once
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {}

 private:
  const config::Pin pin_;
};

}  // namespace

config::Pin pin_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  MM_CHECK(size > 0);
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(der, static_cast<size_t>(size), digest.data());
  OPENSSL_free(der);
  config::Pin pin;
  std::copy_n(digest.begin(), pin.size(), pin.begin());
  return pin;
}

StatusOr<OwnIdentity> own_identity(const std::string& key_file, base::Random& random) {
  const auto invalid = [&](const std::string& why) {
    return base::error(Code::kInvalidArgument, "the router's own key " + key_file + ": " + why);
  };
  StatusOr<std::string> pem = read_or_make(key_file, random);
  if (!pem.ok()) return invalid(base::message(pem.status()));
  const Key key = read_key(*pem);
  if (!key) return invalid("this is no private key: move it away, and a new one is made");
  const Certificate certificate = new_certificate(key.get(), random);
  const Bio memory(BIO_new(BIO_s_mem()), &BIO_free);
  MM_CHECK(PEM_write_bio_X509(memory.get(), certificate.get()) == 1);
  return OwnIdentity{written(memory), *std::move(pem), pin_of(certificate.get())};
}

std::shared_ptr<grpc::ChannelCredentials> pinned_credentials(const config::Pin& pin) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<PinVerifier>(pin));
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace mm::transport
