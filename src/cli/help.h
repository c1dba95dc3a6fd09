// SPDX-License-Identifier: MIT
// The texts of `mindmeld --help` and `mindmeld COMMAND --help`, from the tables of commands and
// options. Nothing is wider than 100 columns.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace mm::cli {

std::string program_help(std::span<const Command> commands);
std::string command_help(const Command& command);

}  // namespace mm::cli
