// SPDX-License-Identifier: MIT
// People with their passes, and a ticket: who may do what in the tests of the router.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/base64url.h"
#include "config/people.h"
#include "secure/digest.h"

namespace mm::test {

// Another filler is another pass of the same person.
inline std::string pass_of(const std::string& id, char filler = 'A') {
  return "mm_" + id + "_" + std::string(43, filler);
}

// What a person's call has in its metadata.
inline std::string credential_of(const std::string& id, char filler = 'A') {
  return "person " + pass_of(id, filler);
}

inline config::Person person(const std::string& id, unsigned verbs = config::kEveryVerb) {
  return {.id = id, .verbs = verbs, .passes = {secure::sha256(pass_of(id))}, .expires_s = {}};
}

// A ticket's admission proof.
inline const std::string kProof(32, 'p');

// What the call of one who has a ticket has in its metadata.
inline std::string ticket_credential(const std::string& proof = kProof) {
  return "ticket " + base::to_base64url(
                         std::span(reinterpret_cast<const uint8_t*>(proof.data()), proof.size()));
}

}  // namespace mm::test
