// SPDX-License-Identifier: MIT
// Who made a call, as admission has found out.
#pragma once

#include <string>

#include "secure/digest.h"

namespace mm::router {

struct Caller {
  enum class Kind {
    kAnybody,  // at a router that has no people: everybody is let in
    kPerson,
    kTicket,  // somebody who holds what may be a ticket
    kNobody,  // came without anything
  };

  Kind kind = Kind::kAnybody;
  // What limits count by, and logs show: a person's id, "ticket 1a2b3c4d", or the address without
  // its port, "ipv4:127.0.0.1". Never empty.
  std::string name;
  secure::Digest secret{};  // kPerson, kTicket: SHA-256 of the pass, or of the ticket's proof

  bool is_person() const { return kind == Kind::kPerson; }
  bool is_known() const { return kind == Kind::kPerson || kind == Kind::kTicket; }
};

}  // namespace mm::router
