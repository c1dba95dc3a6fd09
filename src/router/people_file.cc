// SPDX-License-Identifier: MIT
#include "router/people_file.h"

#include <array>

#include "base/base64url.h"
#include "base/text.h"
#include "secure/digest.h"

namespace mm::router {
namespace {

using base::Code;
using base::StatusOr;

constexpr mode_t kMode = 0644;  // it holds hashes alone

// As long as no guess comes near it: then a fast hash is as good as a slow one.
base::Secret new_pass(const std::string& id, base::Random& random) {
  std::array<uint8_t, 32> secret;
  random.fill(secret);
  return base::Secret("mm_" + id + "_" + base::to_base64url(secret));
}

base::Status invalid(const std::string& message) {
  return base::error(Code::kInvalidArgument, message);
}

}  // namespace

StatusOr<std::vector<config::Person>> PeopleFile::read() {
  const std::string shown = base::printable_path(path_);
  version_ = base::file_version(path_);  // before it is read: what changes after that is seen
  const auto text = base::read_file(path_);
  if (!text.ok()) {
    const bool is_absent = text.status().code() == Code::kNotFound;
    return invalid("cannot read the auth file " + shown + ": " +
                   (is_absent ? "it does not exist; with --new-pass ID beside it it is made"
                              : base::message(text.status())));
  }
  return config::parse_people(*text, shown);
}

StatusOr<base::Secret> PeopleFile::add(const std::string& id, base::Random& random) const {
  const std::string shown = base::printable_path(path_);
  base::Secret pass = new_pass(id, random);
  const base::Status added = base::update_file(path_, kMode, random, [&](const std::string& text) {
    return config::add_person(text, shown, id, secure::sha256(pass.reveal()));
  });
  if (!added.ok()) return invalid(base::message(added));
  return pass;
}

}  // namespace mm::router
