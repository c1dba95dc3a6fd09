// SPDX-License-Identifier: MIT
// TLS with a router that no authority vouches for: it makes a key once, and its URL and its tickets
// carry the pin of that key, which is all that a client looks at.
#pragma once

#include <grpcpp/security/credentials.h>
#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/random.h"
#include "base/status.h"
#include "config/config.h"

namespace mm::transport {

// A router's own key, with a certificate that says nothing.
struct OwnIdentity {
  std::string cert_pem;
  std::string key_pem;
  config::Pin pin{};
};

// By the key in `key_file` (PEM), which is made, with its folder, where it is not.
// kInvalidArgument: others may read it, it holds no key, or it can be neither read nor made.
base::StatusOr<OwnIdentity> own_identity(const std::string& key_file, base::Random& random);

// Of the key that a certificate shows.
config::Pin pin_of(const X509* certificate);

// Accepts the key of this pin alone, under whatever name and until whenever.
std::shared_ptr<grpc::ChannelCredentials> pinned_credentials(const config::Pin& pin);

}  // namespace mm::transport
