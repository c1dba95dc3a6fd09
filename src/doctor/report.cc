// SPDX-License-Identifier: MIT
#include "doctor/report.h"

#include <utility>

#include "base/text.h"

namespace mm::doctor {
namespace {

using config::Json;

constexpr size_t kNameColumns = 12;
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
  line({" ", "  ", ""}, "", std::string(look_.has_ticks ? "→ " : "-> ") + std::string(remedy));
}

void Report::untold(std::string_view name, std::string_view what) {
  if (common_.json) return publish(name, Json(), what, "");
  if (common_.verbosity >= 0) line({"-", "--", "33"}, name, what);
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
  std::string text(look_.has_ticks ? mark.tick : mark.letter);
  if (look_.has_colours && !mark.colour.empty()) {
    text = "\033[" + std::string(mark.colour) + "m" + text + "\033[0m";
  }
  text += " " + std::string(name);
  if (name.size() < kNameColumns) text.append(kNameColumns - name.size(), ' ');
  output_.write(text + " " + base::printable(what, kTextBytesMost));
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
