// SPDX-License-Identifier: MIT
// ServerTls: how a server shows who it is: not at all, by the key of its own, or by a certificate
// and key in files, which may be replaced while it runs. The files are checked here, with OpenSSL,
// because gRPC only says that the port did not open.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "net/fd.h"
#include "transport/pinned_tls.h"

namespace mm::transport {

class ServerTls {
 public:
  // PEM files; both empty: plaintext, or TLS by `own`. kInvalidArgument, naming the file: one
  // cannot be read, holds no certificate or no key, the key needs a passphrase, or the two do not
  // belong together.
  static base::StatusOr<std::unique_ptr<ServerTls>> open(const std::string& cert_file,
                                                         const std::string& key_file,
                                                         const std::optional<OwnIdentity>& own);

  const std::shared_ptr<grpc::ServerCredentials>& credentials() const { return credentials_; }

  bool is_in_files() const { return !cert_file_.empty(); }

  // A file is another one than was read last, or is gone.
  bool has_changed() const;

  // Reads the files again, which there are: who connects within two seconds or later is shown the
  // new certificate; what is open stays. An error as open()'s changes nothing.
  base::Status reload();

 private:
  struct Pair {
    std::string cert_pem;
    std::string key_pem;
  };

  ServerTls(std::string cert_file, std::string key_file)
      : cert_file_(std::move(cert_file)), key_file_(std::move(key_file)) {}

  base::StatusOr<Pair> read();
  bool show(const Pair& pair);

  const std::string cert_file_;
  const std::string key_file_;
  base::FileVersion cert_version_;
  base::FileVersion key_version_;

  // gRPC can watch files, and takes whatever is in them, also a certificate without its key. So it
  // watches these, in memory, where only what was checked is put.
  net::Fd cert_;
  net::Fd key_;

  std::shared_ptr<grpc::ServerCredentials> credentials_;
};

}  // namespace mm::transport
