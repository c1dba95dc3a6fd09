// SPDX-License-Identifier: MIT
#include "transport/roots.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace mm::transport {
namespace {

using base::Code;

// Debian's whole list is 0.2 MiB.
constexpr size_t kFileBytesMax = 8 << 20;

constexpr std::array<const char*, 5> kSystemFiles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Arch, Alpine, container images
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",                   // their older releases
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/cert.pem",                                  // the BSDs, macOS
};

base::StatusOr<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             std::fclose);
  if (!file) return base::error(Code::kInvalidArgument, path + ": " + std::strerror(errno));
  std::string text;
  std::array<char, 16 << 10> part;
  while (const size_t count = std::fread(part.data(), 1, part.size(), file.get())) {
    text.append(part.data(), count);
    if (text.size() > kFileBytesMax) {
      return base::error(Code::kInvalidArgument, path + ": larger than 8 MiB");
    }
  }
  if (std::ferror(file.get())) {
    return base::error(Code::kInvalidArgument, path + ": " + std::strerror(errno));
  }
  return text;
}

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
  auto pem = read_file(path);
  if (!pem.ok()) return base::within(pem.status(), "the CA file cannot be read");
  if (!holds_certificate(*pem)) {
    return base::error(Code::kInvalidArgument,
                       "the CA file " + path + " holds no certificate; it must be PEM");
  }
  return pem;
}

base::StatusOr<std::string> system_roots() {
  for (const char* path : kSystemFiles) {
    auto pem = read_file(path);
    if (pem.ok() && holds_certificate(*pem)) return pem;
  }
  return base::error(Code::kInvalidArgument,
                     "this machine has no list of trusted certificates (package ca-certificates); "
                     "name one with --ca FILE");
}

}  // namespace mm::transport
