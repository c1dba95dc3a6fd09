// SPDX-License-Identifier: MIT
#include "config/resolve_common.h"

#include "config/credentials.h"
#include "config/router_url.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::Status;
using base::StatusOr;

// Of --quiet and --verbose the one whose source goes first counts.
StatusOr<int> resolve_verbosity(const Settings& settings) {
  const auto quiet = settings.is_on("quiet");
  if (!quiet.ok()) return quiet.status();
  const auto verbose = settings.count("verbose");
  if (!verbose.ok()) return verbose.status();
  if (!*quiet || *verbose == 0) return *quiet ? -1 : *verbose;
  const Setting& one = *settings.find("quiet");
  const Setting& other = *settings.find("verbose");
  if (one.origin != other.origin) return one.origin < other.origin ? -1 : *verbose;
  return usage_error(one.source + " and " + other.source + " exclude each other: leave out one");
}

}  // namespace

StatusOr<Common> resolve_common(const Settings& settings, const Environment& environment) {
  Common common;
  common.notify_socket = variable(environment, "NOTIFY_SOCKET");
  if (const Setting* router = settings.find("router"); router != nullptr) {
    const auto url = parse_router_url(router->values.front());
    if (!url.ok()) return base::within(url.status(), router->source);
    common.router = *url;
    common.router_is_default = false;
    common.router_is_explicit = router->origin != Origin::kFile;
  }
  common.ca_file = settings.text("ca");
  const auto json = settings.is_on("json");
  if (!json.ok()) return json.status();
  common.json = *json;
  const auto plain = settings.is_on("plain");
  if (!plain.ok()) return plain.status();
  common.plain = *plain;
  const auto verbosity = resolve_verbosity(settings);
  if (!verbosity.ok()) return verbosity.status();
  common.verbosity = *verbosity;
  return common;
}

StatusOr<Common> resolve_client(const Settings& settings, const Environment& environment) {
  auto common = resolve_common(settings, environment);
  if (!common.ok()) return common;
  if (Status status = resolve_credentials(settings, environment, *common); !status.ok())
    return status;
  return common;
}

}  // namespace mm::config
