// SPDX-License-Identifier: MIT
// Report: what doctor has found: a line a check on standard output, with what to do where one
// failed; with --json an object a line.
#pragma once

#include <string>
#include <string_view>

#include "base/exit_code.h"
#include "config/config.h"
#include "config/events.h"

namespace mm::doctor {

class Report {
 public:
  // What the terminal can show.
  struct Look {
    bool has_ticks = false;  // its texts are UTF-8
    bool has_colours = false;
    size_t columns = 0;  // 0: it is no terminal
  };

  // The descriptor is borrowed.
  Report(const config::Common& common, Look look, int output_fd = STDOUT_FILENO);

  void good(std::string_view name, std::string_view what);

  // `exit_code`: what it means for a script, if nothing failed before.
  void bad(std::string_view name, std::string_view what, std::string_view remedy,
           base::ExitCode exit_code);

  // Was not tried, or is neither good nor bad.
  void untold(std::string_view name, std::string_view what);

  // What takes a while: a terminal shows it until there is something to tell.
  void waiting(std::string_view name, std::string_view what);

  // The last line. kDone, or the exit code of the first cause.
  base::ExitCode verdict();

 private:
  struct Mark {
    std::string_view tick;    // with UTF-8
    std::string_view letter;  // without
    std::string_view colour;
  };
  void line(const Mark& mark, std::string_view name, std::string_view what);
  void write(std::string head, size_t head_columns, std::string_view text);
  void publish(std::string_view name, config::Json ok, std::string_view what,
               std::string_view remedy);

  const config::Common common_;
  const Look look_;
  config::LineOutput output_;
  bool is_waiting_ = false;
  std::string cause_;  // the name of the first check that failed
  base::ExitCode exit_code_ = base::ExitCode::kDone;
};

}  // namespace mm::doctor
