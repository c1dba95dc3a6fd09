// SPDX-License-Identifier: MIT
// The revision of the protocol that this program speaks (PROTOCOL.md, section "Admission"): what a
// router says of itself, and what an end likes to meet.
#pragma once

#include <cstdint>

namespace mm::transport {

constexpr uint32_t kRevision = 1;

}  // namespace mm::transport
