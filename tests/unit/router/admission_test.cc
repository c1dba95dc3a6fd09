// SPDX-License-Identifier: MIT
#include "router/admission.h"

#include <doctest/doctest.h>

#include "base/hex.h"
#include "unit/router/passes.h"

using namespace mm;
using base::Code;
using base::message;
using router::Admission;
using router::Caller;
using test::credential_of;
using test::kProof;
using test::pass_of;
using test::person;
using test::ticket_credential;

namespace {

constexpr int64_t kNowS = 1'800'000'000;

struct AdmissionWorld {
  AdmissionWorld() {
    people = {person("ann"), person("bob"), person("eve_x-1")};
    people[1].verbs = config::kMayConnect;
    people[1].names = {"web", "ann-*"};
    people[2].expires_s = kNowS + 10;
    admission.set_people(people);
  }

  base::StatusOr<Caller> identify(const std::string& text, int64_t now_s = kNowS) const {
    return admission.identify({"ipv4:192.0.2.1", base::Secret(std::string(text))}, now_s);
  }

  // What becomes of a call; the ticket opens "web".
  base::Status ask(const std::string& text, config::Verb verb, const std::string& service,
                   int64_t now_s = kNowS) const {
    const auto caller = identify(text, now_s);
    return caller.ok() ? check(*caller, verb, service, now_s) : caller.status();
  }

  base::Status check(const Caller& caller, config::Verb verb, const std::string& service,
                     int64_t now_s = kNowS) const {
    const auto opens = [&](const secure::Digest& proof) {
      return service == "web" && proof == secure::sha256(kProof);
    };
    return admission.check(caller, verb, service, opens, now_s);
  }

  std::vector<config::Person> people;
  Admission admission;
};

}  // namespace

TEST_CASE("admission: without people everybody may do everything, whatever they come with") {
  const Admission admission;
  for (const std::string text : {"", "person mm_x_y", "ticket zzz", "malformed"}) {
    CAPTURE(text);
    const auto caller =
        admission.identify({"ipv4:192.0.2.1", base::Secret(std::string(text))}, kNowS);
    REQUIRE(caller.ok());
    CHECK(caller->name == "ipv4:192.0.2.1");
    CHECK_FALSE(caller->is_known());
    CHECK(admission.check(*caller, config::kMayShare, "web", nullptr, kNowS).ok());
  }
}

TEST_CASE("admission: a person may do what their verbs and names say, and is told what not") {
  const AdmissionWorld world;
  const std::string ann = credential_of("ann");
  const std::string bob = credential_of("bob");
  CHECK(world.identify(ann)->name == "ann");
  for (const auto verb : {config::kMayShare, config::kMayConnect, config::kMayList}) {
    CHECK(world.ask(ann, verb, "anything").ok());
    CHECK(world.ask(ann, verb, "").ok());
  }
  CHECK(world.ask(bob, config::kMayConnect, "web").ok());
  CHECK(world.ask(bob, config::kMayConnect, "ann-3000").ok());
  const auto name = world.ask(bob, config::kMayConnect, "db");
  CHECK(name.code() == Code::kPermissionDenied);
  CHECK(message(name) == "bob may not connect \"db\" at this router: ask who runs it");
  const auto verb = world.ask(bob, config::kMayShare, "");
  CHECK(verb.code() == Code::kPermissionDenied);
  CHECK(message(verb) == "bob may not share at this router: ask who runs it");
  CHECK(world.ask(bob, config::kMayList, "web").code() == Code::kPermissionDenied);
}

TEST_CASE("admission: every pass that is not good gets the same answer") {
  AdmissionWorld world;
  const std::string good = credential_of("ann");
  const std::string bad[] = {
      credential_of("ann", 'B'),           // wrong
      credential_of("zoe"),                // nobody's
      credential_of("ann").substr(0, 20),  // truncated
      credential_of("ann") + "A",          // longer
      "person  " + pass_of("ann"),
      "person ",
      "person",
      "person mm__" + std::string(43, 'A'),                      // of no id
      "person " + base::to_hex(secure::sha256(pass_of("ann"))),  // what the file says
      "Person " + pass_of("ann"),
      "bearer " + pass_of("ann"),
      pass_of("ann"),
      "malformed",
      ticket_credential("short"),
      ticket_credential() + "=",
      "ticket ",
      "ticket " + std::string(43, '!'),
      std::string(100'000, 'x'),
  };
  for (const std::string& text : bad) {
    CAPTURE(text.substr(0, 80));
    const auto caller = world.identify(text);
    CHECK(caller.status().code() == Code::kUnauthenticated);
    CHECK(message(caller.status()) ==
          "this pass is not valid here: ask who runs this router for a new one");
  }
  CHECK(world.identify(good).ok());
}

TEST_CASE("admission: a pass ends with its person's time, and one who was let in is asked again") {
  const AdmissionWorld world;
  const std::string eve = credential_of("eve_x-1");
  const auto caller = world.identify(eve, kNowS + 9);
  REQUIRE(caller.ok());
  CHECK(world.check(*caller, config::kMayShare, "web", kNowS + 9).ok());
  CHECK(world.check(*caller, config::kMayShare, "web", kNowS + 10).code() ==
        Code::kUnauthenticated);
  CHECK(world.identify(eve, kNowS + 10).status().code() == Code::kUnauthenticated);
  CHECK_FALSE(world.admission.has_expired_between(kNowS, kNowS + 9));
  CHECK(world.admission.has_expired_between(kNowS + 9, kNowS + 10));
  CHECK_FALSE(world.admission.has_expired_between(kNowS + 10, kNowS + 100));
}

TEST_CASE("admission: who was taken out, or has another pass or less to do, is out at once") {
  AdmissionWorld world;
  const auto caller = world.identify(credential_of("ann"));
  REQUIRE(caller.ok());
  const auto ask = [&] { return world.check(*caller, config::kMayShare, "web").code(); };
  CHECK(ask() == Code::kOk);

  world.people[0].passes = {secure::sha256(pass_of("ann", 'B'))};
  world.admission.set_people(world.people);
  CHECK(ask() == Code::kUnauthenticated);

  world.people[0].passes.push_back(secure::sha256(pass_of("ann")));  // both, while it is changed
  world.admission.set_people(world.people);
  CHECK(ask() == Code::kOk);
  CHECK(world.identify(credential_of("ann", 'B')).ok());

  world.people[0].verbs = config::kMayConnect;
  world.admission.set_people(world.people);
  CHECK(ask() == Code::kPermissionDenied);

  world.people.erase(world.people.begin());
  world.admission.set_people(world.people);
  CHECK(ask() == Code::kUnauthenticated);
  world.admission.set_people({});
  CHECK(world.identify(credential_of("bob")).status().code() == Code::kUnauthenticated);
}

TEST_CASE("admission: a ticket connects to its service and shows it, and tells nothing else") {
  const AdmissionWorld world;
  CHECK(world.identify(ticket_credential())->name.starts_with("ticket "));
  CHECK(world.identify(ticket_credential())->name.size() == 15);
  CHECK(world.ask(ticket_credential(), config::kMayConnect, "web").ok());
  CHECK(world.ask(ticket_credential(), config::kMayList, "web").ok());
  const auto other = world.ask(ticket_credential(), config::kMayConnect, "db");
  const auto wrong = world.ask(ticket_credential(std::string(32, 'q')), config::kMayConnect, "web");
  const auto nothing = world.ask("", config::kMayConnect, "web");
  for (const auto& status : {other, wrong, nothing}) {
    CHECK(status.code() == Code::kNotFound);
    CHECK(message(status) == "no such service, or this ticket does not open it");
  }
}

TEST_CASE("admission: who must have a pass is told how to give it") {
  const AdmissionWorld world;
  for (const std::string& text : {std::string(), ticket_credential()}) {
    for (const auto verb : {config::kMayShare, config::kMayList}) {
      const auto status = world.ask(text, verb, "");
      CHECK(status.code() == Code::kUnauthenticated);
      CHECK(message(status) ==
            "this router lets in who has a pass: give yours with --pass-file FILE or "
            "MINDMELD_PASS");
    }
    CHECK(world.ask(text, config::kMayShare, "web").code() == Code::kUnauthenticated);
  }
}
