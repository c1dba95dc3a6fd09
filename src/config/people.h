// SPDX-License-Identifier: MIT
// Who may do what at a router: its auth_file, read and added to. Pure: texts in, texts out. It
// holds hashes alone, so anybody may read it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace mm::config {

// What somebody may do with a service. Each is one bit.
enum Verb : unsigned { kMayShare = 1, kMayConnect = 2, kMayList = 4 };
constexpr unsigned kEveryVerb = kMayShare | kMayConnect | kMayList;

std::string_view verb_name(Verb verb);  // "share"

struct Person {
  std::string id;
  unsigned verbs = kEveryVerb;
  std::vector<std::string> names = {"*"};       // globs, of services
  std::vector<std::array<uint8_t, 32>> passes;  // SHA-256 of each; any of them will do
  std::optional<int64_t> expires_s;             // Unix time

  bool may(Verb verb, std::string_view service) const;
  bool operator==(const Person&) const = default;
};

// {"people": [{"id": "ann", "verbs": ["share", "connect", "list"], "names": ["web", "ann-*"],
//              "sha256": "…" or a list, "expires": "2027-01-31" or "2027-01-31T08:00:00Z"}]}
// Only "id" and "sha256" need be there. Errors as read_files(): `people.json:3: …`; `file` is what
// they call it.
base::StatusOr<std::vector<Person>> parse_people(std::string_view text, std::string_view file);

// `text` with one more person at its end, who may do everything; its comments stay. An empty text
// becomes a whole file. kAlreadyExists: there is one of this id. Else as parse_people().
base::StatusOr<std::string> add_person(std::string_view text, std::string_view file,
                                       const std::string& id,
                                       const std::array<uint8_t, 32>& pass_sha256);

// [a-z0-9][a-z0-9._-]{0,62}, like a service's name.
base::Status check_person_id(std::string_view id);

// Of names: '*' stands for any text, '?' for any character.
bool is_glob(std::string_view text);
bool matches(std::string_view glob, std::string_view name);

}  // namespace mm::config
