// SPDX-License-Identifier: MIT
// `mindmeld doctor`: finds out why it does not work, and says what to do. Called by cli.
#pragma once

#include "base/exit_code.h"
#include "config/config.h"

namespace mm::doctor {

base::ExitCode run(const config::DoctorConfig& config);

}  // namespace mm::doctor
