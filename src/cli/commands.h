// SPDX-License-Identifier: MIT
// The commands of mindmeld, in the order in which --help lists them.
#pragma once

#include <span>

#include "cli/command.h"

namespace mm::cli {

std::span<const Command> commands();

}  // namespace mm::cli
