// SPDX-License-Identifier: MIT
// The server's credentials from its options: TLS from a certificate and a key file, or plaintext.
// The files are checked here, with OpenSSL, because gRPC only says that the port did not open.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "transport/pinned_tls.h"

namespace mm::transport {

// PEM files; both empty: plaintext. kInvalidArgument, naming the file: one cannot be read, holds
// no certificate or no key, the key needs a passphrase, or the two do not belong together.
base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> server_credentials(
    const std::string& cert_file, const std::string& key_file);

// Always OK.
base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> own_credentials(
    const OwnIdentity& identity);

}  // namespace mm::transport
