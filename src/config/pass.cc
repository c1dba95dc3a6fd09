// SPDX-License-Identifier: MIT
#include "config/pass.h"

#include <optional>
#include <string>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "config/router_url.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::Status;

constexpr size_t kPathBytesShown = 200;

// A pass, and where it came from.
struct Found {
  base::Secret text;
  std::string source;
  Origin origin = Origin::kEnvironment;
};

// It travels in a header, and a header has no other characters.
bool is_sendable(std::string_view pass) {
  for (const char c : pass) {
    if (c < '!' || c > '~') return false;
  }
  return !pass.empty();
}

base::StatusOr<Found> read_pass(const Setting& setting, Common& common) {
  const std::string& path = setting.values.front();
  const std::string shown = base::printable(path, kPathBytesShown);
  auto line = base::read_secret_line(path);
  if (!line.ok()) {
    return usage_error(setting.source + ": cannot use " + shown + ": " +
                       base::message(line.status()));
  }
  if (line->others_can_read) {
    common.notes.push_back("the pass in " + shown + " can be read by other users of this machine");
  }
  return Found{std::move(line->text), setting.source, setting.origin};
}

// MINDMELD_PASS and --pass-file name one source, of which a flag goes first.
base::StatusOr<std::optional<Found>> find_pass(const Settings& settings,
                                               const Environment& environment, Common& common) {
  const Setting* const file = settings.find("pass-file");
  const std::string_view text = variable(environment, "MINDMELD_PASS");
  if (file != nullptr && file->origin == Origin::kEnvironment && !text.empty()) {
    return usage_error("MINDMELD_PASS and MINDMELD_PASS_FILE exclude each other");
  }
  const bool is_by_flag = file != nullptr && file->origin == Origin::kFlag;
  if (!text.empty() && !is_by_flag) {
    return Found{base::Secret(std::string(text)), "MINDMELD_PASS", Origin::kEnvironment};
  }
  if (file == nullptr) return std::nullopt;
  auto found = read_pass(*file, common);
  if (!found.ok()) return found.status();
  return *std::move(found);
}

}  // namespace

Status resolve_pass(const Settings& settings, const Environment& environment, Common& common) {
  auto found = find_pass(settings, environment, common);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  Found& pass = **found;
  if (!is_sendable(pass.text.reveal())) {
    return usage_error(pass.source + ": this is no pass: it has other characters than one has");
  }
  const Setting* const router = settings.find("router");
  const bool is_from_file = pass.origin == Origin::kFile;
  const bool router_is_from_file = router != nullptr && router->origin == Origin::kFile;
  if (router_is_from_file && !is_from_file) {
    return usage_error(pass.source + " is for a router that is named beside it, and not for the " +
                       "one of " + router->source + ": add --router " + common.router.text());
  }
  if (is_from_file && common.router_is_explicit) {
    const auto own = settings.text_in_file("router");
    const auto url = parse_router_url(own);
    if (own.empty() || !url.ok() || *url != common.router) {
      common.notes.push_back("the pass of " + pass.source + " is not for " + common.router.text() +
                             ", which is asked without one");
      return absl::OkStatus();
    }
  }
  const auto plaintext = settings.is_on("plaintext");
  if (!plaintext.ok()) return plaintext.status();
  // The one in the file is for the router that runs here.
  const bool may_be_clear = *plaintext && settings.find("plaintext")->origin != Origin::kFile;
  if (!common.router.tls && !base::is_loopback(common.router.host) && !may_be_clear) {
    return usage_error("your pass would go to " + common.router.text() + " in clear, for all on " +
                       "the way to read: use https://, or add --plaintext if that is meant");
  }
  common.pass = std::move(pass.text);
  return absl::OkStatus();
}

}  // namespace mm::config
