// SPDX-License-Identifier: MIT
#include "doctor/report.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace mm::doctor {
namespace {

using config::Json;

constexpr size_t kNameColumns = 12;
constexpr size_t kTextColumnsLeast = 30;  // a terminal with less breaks lines where it likes
constexpr size_t kTextBytesMost = 1'000;  // a router's words may be in it

}  // namespace

Report::Report(const config::Common& common, Look look, int output_fd)
    : common_(common), look_(look), output_(output_fd) {}

void Report::good(std::string_view name, std::string_view what) {
  if (common_.json) return publish(name, true, what, "");
  if (common_.verbosity >= 0) line({"✓", "ok", "32"}, name, what);
}

void Report::bad(std::string_view name, std::string_view what, std::string_view remedy,
                 base::ExitCode exit_code) {
  if (cause_.empty()) {
    cause_ = name;
    exit_code_ = exit_code;
  }
  if (common_.json) return publish(name, false, what, remedy);
  line({"✗", "!!", "31"}, name, what);
  const std::string margin(kNameColumns + (look_.has_ticks ? 3 : 4), ' ');
  const std::string_view arrow = look_.has_ticks ? "→ " : "-> ";
  write(margin + std::string(arrow), margin.size() + base::columns(arrow), remedy);
}

void Report::untold(std::string_view name, std::string_view what) {
  if (common_.json) return publish(name, Json(), what, "");
  if (common_.verbosity >= 0) line({"-", "--", "33"}, name, what);
}

void Report::waiting(std::string_view name, std::string_view what) {
  if (common_.json || common_.verbosity < 0 || look_.columns == 0) return;
  line({"…", "..", "2"}, name, what);
  is_waiting_ = true;
}

base::ExitCode Report::verdict() {
  const bool is_well = cause_.empty();
  if (common_.json) {
    Json event = Json::object({{"event", "verdict"}, {"ok", is_well}});
    if (!is_well) event.add("cause", cause_);
    event.add("exit_code", static_cast<int>(exit_code_));
    output_.write(dump_json(event));
  } else if (!is_well) {
    output_.write("the first cause: " + cause_);
  } else if (common_.verbosity >= 0) {
    output_.write("all is well");
  }
  return exit_code_;
}

void Report::line(const Mark& mark, std::string_view name, std::string_view what) {
  std::string head(look_.has_ticks ? mark.tick : mark.letter);
  const std::string padding(kNameColumns - std::min(name.size(), kNameColumns), ' ');
  const std::string rest = " " + std::string(name) + padding + " ";
  const size_t head_columns = base::columns(head) + rest.size();
  if (look_.has_colours) head = "\033[" + std::string(mark.colour) + "m" + head + "\033[0m";
  if (std::exchange(is_waiting_, false)) head.insert(0, "\033[A\033[K");  // in its place
  write(head + rest, head_columns, what);
}

// What does not fit beside the head goes on below its own beginning.
void Report::write(std::string head, size_t head_columns, std::string_view text) {
  const bool wraps = look_.columns >= head_columns + kTextColumnsLeast;
  const size_t most = wraps ? look_.columns - head_columns : std::string::npos;
  for (const std::string& part : base::wrapped(base::printable(text, kTextBytesMost), most)) {
    output_.write(head + part);
    head.assign(head_columns, ' ');
  }
}

void Report::publish(std::string_view name, Json ok, std::string_view what,
                     std::string_view remedy) {
  Json event = Json::object({{"event", "check"}, {"name", name}});
  event.add("ok", std::move(ok));
  event.add("what", what);
  if (!remedy.empty()) event.add("remedy", remedy);
  output_.write(dump_json(event));
}

}  // namespace mm::doctor
