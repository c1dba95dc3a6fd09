// SPDX-License-Identifier: MIT
// Reads a ticket from where no other user of the machine can see it: a file, or standard input.
#pragma once

#include <string>

#include "base/status.h"
#include "config/config.h"

namespace mm::connect {

// The one line of the file `path`; of standard input where that is "-", which is asked for, unseen,
// on a terminal. Blocks. kInvalidArgument: it cannot be read, or is no ticket. kCancelled: a signal
// came.
base::StatusOr<config::Ticket> read_ticket(const std::string& path);

}  // namespace mm::connect
