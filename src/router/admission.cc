// SPDX-License-Identifier: MIT
#include "router/admission.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/base64url.h"
#include "base/hex.h"

namespace mm::router {
namespace {

using base::Code;
using base::Status;
using base::StatusOr;

constexpr std::string_view kPerson = "person ";
constexpr std::string_view kTicket = "ticket ";

// mm_<id>_<32 bytes in base64url>
constexpr std::string_view kPassBegin = "mm_";
constexpr size_t kPassSecretBytes = 43;

constexpr size_t kTicketIdBytes = 4;  // of the digest, in names

Status bad_pass() {
  return base::error(Code::kUnauthenticated,
                     "this pass is not valid here: ask who runs this router for a new one");
}

Status wants_pass() {
  return base::error(Code::kUnauthenticated,
                     "this router lets in who has a pass: give yours with --pass-file FILE or "
                     "MINDMELD_PASS");
}

Status no_such_service() {
  return base::error(Code::kNotFound, "no such service, or this ticket does not open it");
}

// Whose pass it says that it is; empty: it is none.
std::string id_of(std::string_view pass) {
  const size_t rest = kPassBegin.size() + 1 + kPassSecretBytes;
  if (pass.size() <= rest || !pass.starts_with(kPassBegin)) return "";
  if (pass[pass.size() - kPassSecretBytes - 1] != '_') return "";
  return std::string(pass.substr(kPassBegin.size(), pass.size() - rest));
}

}  // namespace

void Admission::set_people(const std::vector<config::Person>& people) {
  people_.emplace();
  for (const config::Person& person : people) people_->emplace(person.id, person);
}

StatusOr<Caller> Admission::identify(const Credential& credential, int64_t now_s) const {
  Caller caller{.name = credential.address};
  if (!people_) return caller;
  const std::string_view text = credential.text.reveal();
  if (text.empty()) {
    caller.kind = Caller::Kind::kNobody;
    return caller;
  }
  if (text.starts_with(kPerson)) {
    const std::string_view pass = text.substr(kPerson.size());
    caller = {Caller::Kind::kPerson, id_of(pass), secure::sha256(pass)};
    if (!find(caller.name, caller.secret, now_s)) return bad_pass();
    return caller;
  }
  if (!text.starts_with(kTicket)) return bad_pass();
  const auto proof = base::from_base64url(text.substr(kTicket.size()));
  if (!proof || proof->size() != secure::Digest().size()) return bad_pass();
  caller.kind = Caller::Kind::kTicket;
  caller.secret = secure::sha256(*proof);
  caller.name = "ticket " + base::to_hex(std::span(caller.secret).first(kTicketIdBytes));
  return caller;
}

Status Admission::check(const Caller& caller, config::Verb verb, const std::string& service,
                        const Opens& opens, int64_t now_s) const {
  if (!people_) return absl::OkStatus();
  if (caller.is_person()) {
    const config::Person* const person = find(caller.name, caller.secret, now_s);
    if (!person) return bad_pass();
    const bool may = service.empty() ? (person->verbs & verb) != 0 : person->may(verb, service);
    if (may) return absl::OkStatus();
    return base::error(Code::kPermissionDenied,
                       caller.name + " may not " + std::string(config::verb_name(verb)) +
                           (service.empty() ? "" : " \"" + service + "\"") +
                           " at this router: ask who runs it");
  }
  const bool is_about_one = verb != config::kMayShare && !service.empty();
  if (is_about_one && caller.kind == Caller::Kind::kTicket && opens(caller.secret)) {
    return absl::OkStatus();
  }
  return verb == config::kMayConnect ? no_such_service() : wants_pass();
}

bool Admission::has_expired_between(int64_t after_s, int64_t until_s) const {
  return people_ && std::any_of(people_->begin(), people_->end(), [&](const auto& each) {
           const std::optional<int64_t>& end_s = each.second.expires_s;
           return end_s && after_s < *end_s && *end_s <= until_s;
         });
}

// Whose pass it is; null: of nobody who is let in now. How long that takes tells nothing of how
// much of a guess was right, and little of which ids there are.
const config::Person* Admission::find(const std::string& id, const secure::Digest& pass,
                                      int64_t now_s) const {
  static const config::Person kStranger{.id = "", .passes = {secure::Digest()}, .expires_s = 0};
  const auto found = people_->find(id);
  const config::Person& person = found == people_->end() ? kStranger : found->second;
  bool is_theirs = false;
  for (const secure::Digest& each : person.passes) is_theirs |= secure::equal(each, pass);
  const bool is_over = person.expires_s && *person.expires_s <= now_s;
  return is_theirs && !is_over ? &person : nullptr;
}

}  // namespace mm::router
