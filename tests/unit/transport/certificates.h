// SPDX-License-Identifier: MIT
// Certificates for the tests of TLS: an authority, and what it signs. For loopback and a minute.
#pragma once

#include <string>

namespace mm::test {

struct Identity {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

// A self-signed authority.
Identity make_authority(const std::string& name);

// From when until when a certificate is good, in seconds from now.
struct Validity {
  long from_s = -60;
  long until_s = 3'600;
};

// Signed by `authority`, for one subject alternative name: "IP:127.0.0.1", "DNS:example.org".
Identity make_identity(const Identity& authority, const std::string& alternative_name,
                       const Validity& validity = {});

// A file that lives as long as this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace mm::test
