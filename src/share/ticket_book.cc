// SPDX-License-Identifier: MIT
#include "share/ticket_book.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "secure/proof.h"

namespace mm::share {
namespace {

using secure::Grant;

// As long as no process lives.
constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

}  // namespace

TicketBook::TicketBook(secure::Keyring& keyring, base::Random& random, Terms terms, int64_t now_s)
    : keyring_(keyring), terms_(std::move(terms)) {
  const std::vector<std::string> whoever = {""};
  const std::vector<std::string>& guests = terms_.guests.empty() ? whoever : terms_.guests;
  const bool renews_all = terms_.renew && terms_.guests.empty() && !terms_.is_made_up;
  if (renews_all) kept_ = keyring.revoke_all(terms_.service, random);
  for (const std::string& guest : guests) {
    if (terms_.is_made_up) {
      tickets_.push_back({terms_.service, guest, 0, kForever, Grant::new_secret(random)});
      continue;
    }
    auto granted = keyring.grant(terms_.service, guest, terms_.renew, now_s, random);
    kept_.Update(granted.kept);
    tickets_.push_back(std::move(granted.grant));
  }
}

std::vector<std::string> TicketBook::verifiers() const {
  std::vector<std::string> all;
  const auto add = [&](const base::Secret& secret) {
    const secure::Digest verifier = secure::admission_verifier(secret, terms_.service);
    all.emplace_back(verifier.begin(), verifier.end());
  };
  add(keyring_.own_secret(terms_.service));
  for (const Grant& grant : grants()) add(grant.secret);
  return all;
}

std::optional<TicketBook::Guest> TicketBook::admit(const secure::Digest& proof,
                                                   const secure::Digest& exporter,
                                                   int64_t now_s) const {
  const base::Secret own = keyring_.own_secret(terms_.service);
  std::optional<Guest> found;
  if (secure::equal(secure::ticket_proof(own, exporter), proof)) {
    found = Guest{true, "", secure::sha256(own.reveal())};
  }
  for (const Grant& grant : grants()) {
    const bool is_it = secure::equal(secure::ticket_proof(grant.secret, exporter), proof);
    if (!is_it || grant.expires_s <= now_s) continue;
    found = Guest{false, grant.label, secure::sha256(grant.secret.reveal())};
  }
  return found;
}

std::vector<std::string> TicketBook::drop_withdrawn() {
  std::vector<std::string> labels;
  const auto is_there = [this](const Grant& ticket) {
    return has(secure::sha256(ticket.secret.reveal()));
  };
  const auto gone = std::stable_partition(tickets_.begin(), tickets_.end(), is_there);
  std::transform(gone, tickets_.end(), std::back_inserter(labels),
                 [](const Grant& ticket) { return ticket.label; });
  tickets_.erase(gone, tickets_.end());
  return labels;
}

bool TicketBook::knows(const Guest& guest) const { return guest.is_owner || has(guest.secret_id); }

bool TicketBook::has(const secure::Digest& secret_id) const {
  const std::vector<Grant> all = grants();
  return std::any_of(all.begin(), all.end(), [&](const Grant& grant) {
    return secure::equal(secure::sha256(grant.secret.reveal()), secret_id);
  });
}

// A made-up name has no other tickets than this process's, whatever it was called before.
std::vector<Grant> TicketBook::grants() const {
  return terms_.is_made_up ? tickets_ : keyring_.grants(terms_.service);
}

}  // namespace mm::share
