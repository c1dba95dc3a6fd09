// SPDX-License-Identifier: MIT
#include "router/reloads.h"

#include <chrono>

#include "ops/log.h"

namespace mm::router {
namespace {

// How often files are looked at, and who has expired.
constexpr base::Duration kLook = std::chrono::seconds(1);

}  // namespace

Reloads::Reloads(net::Loop& loop, const std::string& auth_file, config::Events& events)
    : events_(events), timer_(loop) {
  if (!auth_file.empty()) people_.emplace(auth_file);
}

base::Status Reloads::read() {
  if (!people_) return absl::OkStatus();
  auto people = people_->read();
  if (!people.ok()) return people.status();
  first_ = *std::move(people);
  return absl::OkStatus();
}

void Reloads::begin(Router& router) {
  router_ = &router;
  if (people_) router.set_people(first_);
  if (has_any()) look_later();
}

void Reloads::everything() {
  if (people_) reload_people();
  if (router_->tls().is_in_files()) reload_tls();
}

void Reloads::reload_people() {
  const auto people = people_->read();
  if (!people.ok()) {
    return events_.error("auth_file", base::message(people.status()) +
                                          "; those who might do something before still may");
  }
  ops::log(ops::Level::kInfo, "router.people", {{"count", people->size()}});
  router_->set_people(*people);
}

void Reloads::reload_tls() {
  const base::Status status = router_->tls().reload();
  if (status.ok()) return ops::log(ops::Level::kInfo, "router.certificate", {});
  events_.error("tls", base::message(status) + "; the certificate before it is still in use");
}

void Reloads::look_later() {
  timer_.after(kLook, [this] {
    if (people_ && people_->has_changed()) reload_people();
    if (router_->tls().has_changed()) reload_tls();
    router_->end_expired();
    look_later();
  });
}

}  // namespace mm::router
