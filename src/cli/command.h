// SPDX-License-Identifier: MIT
// Command: one row of the table that dispatch and help work from; the real one is in commands.cc.
#pragma once

#include <functional>
#include <string_view>

#include "base/exit_code.h"
#include "base/status.h"
#include "config/options.h"
#include "config/resolve.h"

namespace mm::cli {

struct Command {
  std::string_view name;
  std::string_view arguments;  // "[NAME=]TARGET..."; empty: none
  std::string_view summary;    // half a line
  std::string_view about;      // paragraphs of whole lines, each with its end
  std::string_view examples;   // lines, each with its end
  config::CommandId id;

  // Runs it to its end. An error is one of usage: nothing was begun.
  std::function<base::StatusOr<base::ExitCode>(const config::Sources&)> main;
};

}  // namespace mm::cli
