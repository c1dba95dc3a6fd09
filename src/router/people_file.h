// SPDX-License-Identifier: MIT
// PeopleFile: a router's auth_file: read at the start, again when it changes, and added to. What it
// says is config/people.h's.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/status.h"
#include "config/people.h"

namespace mm::router {

class PeopleFile {
 public:
  explicit PeopleFile(std::string path) : path_(std::move(path)) {}

  // kInvalidArgument: it cannot be read, or does not say who may do what.
  base::StatusOr<std::vector<config::Person>> read();

  // It is another one than read() has seen last, or is gone.
  bool has_changed() const { return base::file_version(path_) != version_; }

  // A new pass for somebody who is added to the file, which is made where it is not. As
  // config::add_person(); kInvalidArgument: it cannot be written.
  base::StatusOr<base::Secret> add(const std::string& id, base::Random& random) const;

 private:
  const std::string path_;
  base::FileVersion version_;
};

}  // namespace mm::router
