// SPDX-License-Identifier: MIT
// What shows that somebody has a ticket, without showing its secret. PROTOCOL.md has test vectors.
#pragma once

#include "base/secret.h"
#include "secure/digest.h"

namespace mm::secure {

// To the share: HMAC-SHA256 of the TLS session's exporter (TlsSession::exporter), with the ticket's
// secret as its key. Good for this session alone.
Digest ticket_proof(const base::Secret& secret, const Digest& exporter);

}  // namespace mm::secure
