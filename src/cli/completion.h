// SPDX-License-Identifier: MIT
// The scripts that complete a command line of mindmeld in a shell, from the tables of commands and
// options. Printed by `mindmeld completion SHELL`, and installed with the program.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace mm::cli {

constexpr std::array<std::string_view, 3> kShells = {"bash", "zsh", "fish"};

// How to use them.
std::string_view completion_help();

// Empty: `shell` is none of kShells.
std::string completion(std::span<const Command> commands, std::string_view shell);

}  // namespace mm::cli
