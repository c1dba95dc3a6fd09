// SPDX-License-Identifier: MIT
#include "transport/server_tls.h"

#include <fcntl.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

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
  if (!cert)
    return invalid("the TLS certificate " + cert_file +
                   " is none: one begins with -----BEGIN CERTIFICATE-----");
  if (has_passphrase) {
    return invalid("the TLS key " + key_file +
                   " has a passphrase: give one without (openssl pkey takes it off)");
  }
  if (!key)
    return invalid("the TLS key " + key_file +
                   " is none: one has a line -----BEGIN PRIVATE KEY-----");
  if (!is_pair) {
    return invalid("the TLS key " + key_file + " does not belong to the certificate " + cert_file +
                   ": give the one that it was made with");
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> fixed_credentials(const std::string& cert_pem,
                                                           const std::string& key_pem) {
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({key_pem, cert_pem});
  return grpc::SslServerCredentials(options);
}

std::string path_of(const net::Fd& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

// The descriptor's number stays, so that its path leads to the new text, whole, from one moment on.
bool put(net::Fd& fd, const std::string& text) {
  net::Fd file(memfd_create("mindmeld-tls", MFD_CLOEXEC));
  if (file.get() < 0) return false;
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return false;
  }
  if (fd.get() >= 0) return dup3(file.get(), fd.get(), O_CLOEXEC) >= 0;
  fd = std::move(file);
  return access(path_of(fd).c_str(), R_OK) == 0;  // without /proc there is no such path
}

}  // namespace

base::StatusOr<std::unique_ptr<ServerTls>> ServerTls::open(const std::string& cert_file,
                                                           const std::string& key_file,
                                                           const std::optional<OwnIdentity>& own) {
  std::unique_ptr<ServerTls> tls(new ServerTls(cert_file, key_file));
  if (own) {
    tls->credentials_ = fixed_credentials(own->cert_pem, own->key_pem);
    return tls;
  }
  if (cert_file.empty() && key_file.empty()) {
    tls->credentials_ = grpc::InsecureServerCredentials();
    return tls;
  }
  if (cert_file.empty() || key_file.empty()) {
    return invalid("TLS needs both a certificate and a key; only the " +
                   std::string(cert_file.empty() ? "key" : "certificate") + " is given");
  }
  const base::StatusOr<Pair> pair = tls->read();
  if (!pair.ok()) return pair.status();
  if (!tls->show(*pair)) {
    tls->credentials_ = fixed_credentials(pair->cert_pem, pair->key_pem);
    return tls;
  }
  constexpr unsigned kLookS = 1;
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          path_of(tls->key_), path_of(tls->cert_), kLookS));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  tls->credentials_ = grpc::experimental::TlsServerCredentials(options);
  return tls;
}

bool ServerTls::has_changed() const {
  if (!is_in_files()) return false;
  return base::file_version(cert_file_) != cert_version_ ||
         base::file_version(key_file_) != key_version_;
}

base::Status ServerTls::reload() {
  const base::StatusOr<Pair> pair = read();
  if (!pair.ok()) return pair.status();
  if (show(*pair)) return absl::OkStatus();
  return invalid("a new TLS certificate is taken at the next start alone: there is no /proc here");
}

base::StatusOr<ServerTls::Pair> ServerTls::read() {
  // Before they are read: what changes after that is seen.
  cert_version_ = base::file_version(cert_file_);
  key_version_ = base::file_version(key_file_);
  base::StatusOr<std::string> cert = read_file("TLS certificate", cert_file_);
  if (!cert.ok()) return cert.status();
  base::StatusOr<std::string> key = read_file("TLS key", key_file_);
  if (!key.ok()) return key.status();
  const base::Status pair = check_pair(cert_file_, *cert, key_file_, *key);
  if (!pair.ok()) return pair;
  return Pair{*std::move(cert), *std::move(key)};
}

bool ServerTls::show(const Pair& pair) {
  return put(key_, pair.key_pem) && put(cert_, pair.cert_pem);
}

}  // namespace mm::transport
