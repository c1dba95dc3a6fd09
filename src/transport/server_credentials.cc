// SPDX-License-Identifier: MIT
#include "transport/server_credentials.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/file.h"

namespace mm::transport {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

base::Status invalid(const std::string& message) {
  return base::error(base::Code::kInvalidArgument, message);
}

base::StatusOr<std::string> read_file(const std::string& what, const std::string& path) {
  base::StatusOr<std::string> text = base::read_file(path);
  if (text.ok() && !text->empty()) return text;
  const std::string why = text.ok() ? "it is empty" : base::message(text.status());
  return invalid("cannot read the " + what + " " + path + ": " + why);
}

// OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

base::Status check_pair(const std::string& cert_file, const std::string& cert_pem,
                        const std::string& key_file, const std::string& key_pem) {
  const Bio cert_bio(BIO_new_mem_buf(cert_pem.data(), static_cast<int>(cert_pem.size())),
                     &BIO_free);
  const Bio key_bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), &BIO_free);
  const Certificate cert(PEM_read_bio_X509(cert_bio.get(), nullptr, nullptr, nullptr), &X509_free);
  bool has_passphrase = false;
  const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, &has_passphrase),
                &EVP_PKEY_free);
  const bool is_pair = cert && key && X509_check_private_key(cert.get(), key.get()) == 1;
  ERR_clear_error();
  if (!cert) return invalid("the TLS certificate " + cert_file + " is not a PEM certificate");
  if (has_passphrase) {
    return invalid("the TLS key " + key_file + " has a passphrase; give one without");
  }
  if (!key) return invalid("the TLS key " + key_file + " is not a PEM private key");
  if (!is_pair) {
    return invalid("the TLS key " + key_file + " does not belong to the certificate " + cert_file);
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> credentials_of(const std::string& key_pem,
                                                        const std::string& cert_pem) {
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({key_pem, cert_pem});
  return grpc::SslServerCredentials(options);
}

}  // namespace

base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> server_credentials(
    const std::string& cert_file, const std::string& key_file) {
  if (cert_file.empty() && key_file.empty()) return grpc::InsecureServerCredentials();
  if (cert_file.empty() || key_file.empty()) {
    return invalid("TLS needs both a certificate and a key; only the " +
                   std::string(cert_file.empty() ? "key" : "certificate") + " is given");
  }
  const base::StatusOr<std::string> cert = read_file("TLS certificate", cert_file);
  if (!cert.ok()) return cert.status();
  const base::StatusOr<std::string> key = read_file("TLS key", key_file);
  if (!key.ok()) return key.status();
  const base::Status pair = check_pair(cert_file, *cert, key_file, *key);
  if (!pair.ok()) return pair;
  return credentials_of(*key, *cert);
}

base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> own_credentials(
    const OwnIdentity& identity) {
  return credentials_of(identity.key_pem, identity.cert_pem);
}

}  // namespace mm::transport
