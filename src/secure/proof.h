// SPDX-License-Identifier: MIT
// What shows that somebody has a ticket, without showing its secret. PROTOCOL.md has test vectors.
#pragma once

#include <string_view>

#include "base/secret.h"
#include "secure/digest.h"

namespace mm::secure {

// To the share: HMAC-SHA256 of the TLS session's exporter (TlsSession::exporter), with the ticket's
// secret as its key. Good for this session alone.
Digest ticket_proof(const base::Secret& secret, const Digest& exporter);

// To the router (PROTOCOL.md, section "Admission"): what comes from the secret and opens one
// service, 32 bytes. The router knows its digest, the verifier.
base::Secret admission_proof(const base::Secret& secret, std::string_view service);
Digest admission_verifier(const base::Secret& secret, std::string_view service);

}  // namespace mm::secure
