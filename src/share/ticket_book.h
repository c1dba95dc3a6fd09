// SPDX-License-Identifier: MIT
// TicketBook: who may use one shared service: the user whose it is, and whoever has one of its
// tickets. The Sharer asks it about each connection. What is kept for longer is the keyring's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "secure/digest.h"
#include "secure/keyring.h"

namespace mm::share {

class TicketBook {
 public:
  struct Terms {
    std::string service;
    bool is_made_up = false;          // its name: then its tickets are for this process alone
    std::vector<std::string> guests;  // empty: one ticket, for whoever has it
    bool renew = false;               // tickets that there are open nothing any more
  };

  // Makes the tickets that are missing. The keyring is borrowed and outlives it.
  TicketBook(secure::Keyring& keyring, base::Random& random, Terms terms, int64_t now_s);

  // The tickets to hand out, one for each guest.
  const std::vector<secure::Grant>& tickets() const { return tickets_; }

  // Not OK: they could not be kept, so the next start makes others.
  const base::Status& kept() const { return kept_; }

  // By what a router knows the tickets that may come, with those that have expired: what they
  // opened before goes on there, too.
  std::vector<std::string> verifiers() const;

  // Who came with a ticket. `label` is for people: the guest's, "" for whoever has the ticket.
  struct Guest {
    bool is_owner = false;
    std::string label;
    secure::Digest secret_id{};
  };

  // Whose proof this is, of the TLS session with this exporter (secure/proof.h). Nothing: of no
  // ticket that is good now.
  std::optional<Guest> admit(const secure::Digest& proof, const secure::Digest& exporter,
                             int64_t now_s) const;

  // The labels of those tickets to hand out that were taken away, or replaced, since it was asked
  // last: they are handed out no more.
  std::vector<std::string> drop_withdrawn();

  // The ticket is there still. It may have expired: what it opened before goes on.
  bool knows(const Guest& guest) const;

 private:
  std::vector<secure::Grant> grants() const;
  bool has(const secure::Digest& secret_id) const;

  secure::Keyring& keyring_;
  const Terms terms_;
  std::vector<secure::Grant> tickets_;
  base::Status kept_;
};

}  // namespace mm::share
