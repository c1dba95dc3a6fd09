// SPDX-License-Identifier: MIT
// From a command line to a running command and its exit code: finds the command, answers --help and
// --version, and reports what is wrong in one line.
#pragma once

#include <unistd.h>

#include <span>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "cli/command.h"
#include "config/settings.h"

namespace mm::cli {

struct Output {
  int output_fd = STDOUT_FILENO;
  int error_fd = STDERR_FILENO;
};

// `words` is the command line without the program's name. Blocks until the command has ended.
base::ExitCode dispatch(std::span<const Command> commands, const std::vector<std::string>& words,
                        const config::Environment& environment, Output output = {});

}  // namespace mm::cli
