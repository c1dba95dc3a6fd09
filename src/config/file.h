// SPDX-License-Identifier: MIT
// The configuration file: found, read, and checked key by key. Used by resolve.cc, which decides
// what counts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "config/settings.h"

namespace mm::config {

struct File {
  std::vector<std::pair<std::string, Setting>> settings;  // by the option's name
  std::optional<std::vector<SharedService>> share;        // nothing: no such section
  std::optional<std::vector<ConnectedService>> connect;
};

// The path of one of the user's own files, "config.json", and of what a program keeps for itself;
// empty where there is no home.
std::string user_file(const Environment& environment, std::string_view name);
std::string state_file(const Environment& environment, std::string_view name);

// The file that `named` names; with an empty one the user's own file, if it exists, and then
// `folder`/mindmeld.json, whose "share" and "connect" take the place of the user's. The latter may
// hold nothing else: a cloned repository must not be able to name a router.
//
// Errors are of one line: `config.json:3: "ruter" is not a key: did you mean "router"?`.
base::StatusOr<File> read_files(const std::string& named, const Environment& environment,
                                const std::string& folder);

}  // namespace mm::config
