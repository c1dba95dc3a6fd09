// SPDX-License-Identifier: MIT
#include "config/credentials.h"

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
  const std::string shown = base::printable_path(path);
  auto line = base::read_secret_line(path);
  if (!line.ok()) {
    const bool has_no_line = line.status().code() == base::Code::kInvalidArgument;
    return usage_error(setting.source + ": cannot use " + shown + ": " +
                       base::message(line.status()) +
                       (has_no_line ? ": it must hold your pass, on one line" : ""));
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
    return usage_error("MINDMELD_PASS and MINDMELD_PASS_FILE exclude each other: unset one");
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

// False: it is not for the router that is asked, which is told. kInvalidArgument: nobody can tell
// for which router it is.
base::StatusOr<bool> is_for_router(const Settings& settings, std::string_view what,
                                   const std::string& source, Origin origin, Common& common) {
  const Setting* const router = settings.find("router");
  const bool is_from_file = origin == Origin::kFile;
  if (!is_from_file && router != nullptr && router->origin == Origin::kFile) {
    return usage_error(source + " is for a router that is named beside it, and not for the " +
                       "one of " + router->source + ": add --router " +
                       common.router.pinned_text());
  }
  if (!is_from_file || !common.router_is_explicit) return true;
  const std::string own = settings.text_in_file("router");
  const auto url = parse_router_url(own);
  if (!own.empty() && url.ok() && *url == common.router) return true;
  common.notes.push_back("the " + std::string(what) + " of " + source + " is not for " +
                         common.router.text() + ", which is asked without one");
  return false;
}

Status resolve_pass(const Settings& settings, const Environment& environment, Common& common) {
  auto found = find_pass(settings, environment, common);
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  Found& pass = **found;
  if (!is_sendable(pass.text.reveal())) {
    return usage_error(
        pass.source +
        ": this is no pass: it has a space or a letter that no pass has; copy it again, whole");
  }
  const auto is_for = is_for_router(settings, "pass", pass.source, pass.origin, common);
  if (!is_for.ok() || !*is_for) return is_for.status();
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

Status resolve_identity(const Settings& settings, Common& common) {
  const Setting* const command = settings.find("identity-command");
  if (command == nullptr) return absl::OkStatus();
  const auto is_for =
      is_for_router(settings, "identity command", command->source, command->origin, common);
  if (!is_for.ok() || !*is_for) return is_for.status();
  if (!common.router.tls) {
    return usage_error(command->source + " is for a router behind https://, and not for " +
                       common.router.text() + ": name it with --router URL");
  }
  common.identity_command = command->values.front();
  return absl::OkStatus();
}

}  // namespace

Status resolve_credentials(const Settings& settings, const Environment& environment,
                           Common& common) {
  if (Status status = resolve_pass(settings, environment, common); !status.ok()) return status;
  return resolve_identity(settings, common);
}

}  // namespace mm::config
