// SPDX-License-Identifier: MIT
// Two commands that do nothing but remember what they were given.
#pragma once

#include <vector>

#include "cli/command.h"

struct FakeCommands {
  std::vector<mm::config::Sources> calls;
  std::vector<mm::cli::Command> table = {
      {"share", "[NAME=]TARGET...", "offer a port", "Offers a port.\n", "  mindmeld share 3000\n",
       mm::config::kShare,
       [this](const mm::config::Sources& sources) {
         calls.push_back(sources);
         return mm::base::ExitCode::kNameTaken;
       }},
      {"router", "", "run a router", "Runs a router.\n", "  mindmeld router\n", mm::config::kRouter,
       [](const mm::config::Sources&) -> mm::base::StatusOr<mm::base::ExitCode> {
         return mm::base::error(mm::base::Code::kInvalidArgument, "the router says no");
       }},
  };
};
