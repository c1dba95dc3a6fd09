// SPDX-License-Identifier: MIT
#include "share/ticket_book.h"

#include <doctest/doctest.h>

#include "secure/proof.h"
#include "unit/seeded_random.h"

using namespace mm;
using share::TicketBook;

namespace {

struct World {
  test::SeededRandom random{1};
  secure::Keyring keyring = secure::Keyring::temporary(random);
  secure::Digest exporter{};

  TicketBook book(TicketBook::Terms terms = {.service = "web", .guests = {}}, int64_t now_s = 0) {
    return TicketBook(keyring, random, std::move(terms), now_s);
  }
  std::optional<TicketBook::Guest> admit(const TicketBook& tickets, const base::Secret& secret,
                                         int64_t now_s = 0) const {
    return tickets.admit(secure::ticket_proof(secret, exporter), exporter, now_s);
  }
};

}  // namespace

TEST_CASE("ticket book: a service has one ticket, for whoever has it, and its owner needs none") {
  World world;
  const TicketBook book = world.book();
  REQUIRE(book.tickets().size() == 1);
  const auto guest = world.admit(book, book.tickets()[0].secret);
  REQUIRE(guest);
  CHECK(guest->label == "");
  CHECK(!guest->is_owner);
  const auto owner = world.admit(book, world.keyring.own_secret("web"));
  REQUIRE(owner);
  CHECK(owner->is_owner);
}

TEST_CASE("ticket book: nothing else opens it") {
  World world;
  const TicketBook book = world.book();
  CHECK(!world.admit(book, base::Secret("0123456789abcdef")));
  CHECK(!world.admit(book, base::Secret()));
  CHECK(!world.admit(book, world.keyring.own_secret("db")));
  const TicketBook other = world.book({.service = "db", .guests = {}});
  CHECK(!world.admit(book, other.tickets()[0].secret));
  // The proof of another session.
  secure::Digest elsewhere;
  elsewhere.fill(1);
  const secure::Digest proof = secure::ticket_proof(book.tickets()[0].secret, elsewhere);
  CHECK(!book.admit(proof, world.exporter, 0));
}

TEST_CASE("ticket book: each guest has a ticket, and it tells whose it was") {
  World world;
  const TicketBook book = world.book({.service = "web", .guests = {"bob", "carol"}});
  REQUIRE(book.tickets().size() == 2);
  CHECK(world.admit(book, book.tickets()[0].secret)->label == "bob");
  CHECK(world.admit(book, book.tickets()[1].secret)->label == "carol");
}

TEST_CASE("ticket book: an expired ticket opens nothing, and what it had opened goes on") {
  World world;
  const TicketBook book = world.book();
  const secure::Grant ticket = book.tickets()[0];
  const auto guest = world.admit(book, ticket.secret, ticket.expires_s - 1);
  REQUIRE(guest);
  CHECK(!world.admit(book, ticket.secret, ticket.expires_s));
  CHECK(book.knows(*guest));
}

TEST_CASE("ticket book: a ticket that was replaced opens nothing, and is known no more") {
  World world;
  const TicketBook before = world.book({.service = "web", .guests = {"bob", "carol"}});
  const auto bob = world.admit(before, before.tickets()[0].secret);
  const auto carol = world.admit(before, before.tickets()[1].secret);
  REQUIRE((bob && carol));
  const TicketBook after = world.book({.service = "web", .guests = {"bob"}, .renew = true});
  CHECK(!world.admit(after, before.tickets()[0].secret));
  CHECK(!before.knows(*bob));
  CHECK(before.knows(*carol));
  const TicketBook all_new = world.book({.service = "web", .guests = {}, .renew = true});
  CHECK(!all_new.knows(*carol));
  CHECK(world.admit(all_new, all_new.tickets()[0].secret));
}

TEST_CASE("ticket book: a ticket that was taken away is told once, and handed out no more") {
  World world;
  TicketBook book = world.book({.service = "web", .guests = {"bob", "carol"}});
  CHECK(book.drop_withdrawn().empty());
  world.book({.service = "web", .guests = {"bob"}, .renew = true});
  CHECK(book.drop_withdrawn() == std::vector<std::string>{"bob"});
  CHECK(book.drop_withdrawn().empty());
  REQUIRE(book.tickets().size() == 1);
  CHECK(book.tickets()[0].label == "carol");
}

TEST_CASE("ticket book: a made-up name has a new ticket at each start, kept nowhere") {
  World world;
  const TicketBook::Terms terms{.service = "ann-3000", .is_made_up = true, .guests = {}};
  const TicketBook first = world.book(terms), second = world.book(terms);
  CHECK(first.tickets()[0].secret.reveal() != second.tickets()[0].secret.reveal());
  CHECK(!world.admit(second, first.tickets()[0].secret));
  CHECK(world.keyring.grants("ann-3000").empty());
}
