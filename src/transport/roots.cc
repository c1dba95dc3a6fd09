// SPDX-License-Identifier: MIT
#include "transport/roots.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <memory>

#include "base/file.h"

namespace mm::transport {
namespace {

using base::Code;

constexpr std::array<const char*, 5> kSystemFiles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Arch, Alpine, container images
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",                   // their older releases
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/cert.pem",                                  // the BSDs, macOS
};

bool holds_certificate(const std::string& pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(
      PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), X509_free);
  ERR_clear_error();
  return certificate != nullptr;
}

}  // namespace

base::StatusOr<std::string> read_certificates(const std::string& path) {
  auto pem = base::read_file(path);
  if (!pem.ok()) {
    return base::error(Code::kInvalidArgument,
                       "cannot read the CA file " + path + ": " + base::message(pem.status()));
  }
  if (!holds_certificate(*pem)) {
    return base::error(Code::kInvalidArgument,
                       "the CA file " + path +
                           " holds no certificate: one begins with -----BEGIN CERTIFICATE-----");
  }
  return pem;
}

base::StatusOr<std::string> system_roots() {
  for (const char* path : kSystemFiles) {
    auto pem = base::read_file(path);
    if (pem.ok() && holds_certificate(*pem)) return pem;
  }
  return base::error(Code::kInvalidArgument,
                     "this machine has no list of trusted certificates (package ca-certificates); "
                     "name one with --ca FILE");
}

}  // namespace mm::transport
