// SPDX-License-Identifier: MIT
// The manual's pages, in roff for man(1), from the tables of commands and options. Printed by
// `mindmeld help --man [COMMAND]`, and installed with the program.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace mm::cli {

// mindmeld(1), and mindmeld-COMMAND(1) of one of the commands.
std::string manual(std::span<const Command> commands);
std::string manual(std::span<const Command> commands, const Command& command);

}  // namespace mm::cli
