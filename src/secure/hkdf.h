// SPDX-License-Identifier: MIT
// HKDF with SHA-256 (RFC 5869): from one secret any number of others, none of which tells of the
// secret or of one another.
#pragma once

#include <string_view>

#include "secure/digest.h"

namespace mm::secure {

// 32 bytes for this use of `key`, without salt.
Digest hkdf(std::string_view key, std::string_view info);

}  // namespace mm::secure
