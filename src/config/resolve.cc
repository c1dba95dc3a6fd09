// SPDX-License-Identifier: MIT
#include "config/resolve.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/endpoint.h"
#include "config/file.h"
#include "config/people.h"
#include "config/resolve_admin.h"
#include "config/resolve_common.h"
#include "config/router_url.h"
#include "config/service.h"
#include "config/service_list.h"
#include "config/ticket.h"
#include "config/usage_error.h"

namespace mm::config {
namespace {

using base::in_quotes;
using base::Status;
using base::StatusOr;
using std::chrono::milliseconds;

struct Gathered {
  Settings settings;
  File file;
};

StatusOr<Gathered> gather(const Sources& sources) {
  auto settings = Settings::gather(sources.arguments, sources.environment);
  if (!settings.ok()) return settings.status();
  auto file = read_files(settings->text("config"), sources.environment, sources.folder);
  if (!file.ok()) return file.status();
  for (const auto& [option, setting] : file->settings) settings->add(option, setting);
  return Gathered{*std::move(settings), *std::move(file)};
}

Status no_positionals(const Sources& sources, std::string_view command) {
  if (sources.arguments.positionals.empty()) return absl::OkStatus();
  return usage_error("mindmeld " + std::string(command) + " takes no arguments, and got " +
                     in_quotes(sources.arguments.positionals.front()) + ": mindmeld " +
                     std::string(command) + " --help lists its flags");
}

// ---- router

// Before it cuts each stream, at 60 minutes at the latest.
// Source: https://cloud.google.com/run/docs/configuring/request-timeout
constexpr milliseconds kCloudRunLaneAge = std::chrono::minutes(50);

// Cloud Run, where TLS ends in front, and $PORT says where to listen.
// Source: https://cloud.google.com/run/docs/container-contract
bool is_cloud_run(const Environment& environment) {
  return !variable(environment, "K_SERVICE").empty();
}

StatusOr<std::vector<Endpoint>> default_listen(const Environment& environment) {
  if (!is_cloud_run(environment)) {
    return std::vector<Endpoint>{Endpoint::tcp("127.0.0.1", RouterUrl().port)};
  }
  const std::string_view text = variable(environment, "PORT");
  const auto port = parse_port(text, 1);
  if (port) return std::vector<Endpoint>{Endpoint::tcp("0.0.0.0", *port)};
  return usage_error("K_SERVICE is set, as on Cloud Run, but PORT is " +
                     (text.empty() ? "not" : in_quotes(text)) +
                     ": set it, or add --listen HOST:PORT");
}

StatusOr<std::vector<Endpoint>> resolve_listen(const Settings& settings,
                                               const Environment& environment) {
  const Setting* setting = settings.find("listen");
  if (setting == nullptr) return default_listen(environment);
  std::vector<Endpoint> all;
  for (const std::string& text : setting->values) {
    auto endpoint = parse_router_listen(text);
    if (!endpoint.ok()) return base::within(endpoint.status(), setting->source);
    if (endpoint->port != 0 && std::find(all.begin(), all.end(), *endpoint) != all.end()) {
      return usage_error(setting->source + ": " + in_quotes(text) +
                         " is there twice: leave out one");
    }
    all.push_back(*std::move(endpoint));
  }
  return all;
}

// Nothing is open that was not opened on purpose.
Status check_exposure(const RouterConfig& config) {
  for (const Endpoint& endpoint : config.listen) {
    if (base::is_loopback(endpoint.host)) continue;
    const std::string where = "a router at " + endpoint.text();
    if (!config.allow_anonymous && config.auth_file.empty()) {
      return usage_error(
          where + " would serve whoever reaches it: say who may with --auth-file " +
          "FILE (mindmeld router --auth-file FILE --new-pass ID makes one), or add " +
          "--allow-anonymous if that is meant");
    }
  }
  return absl::OkStatus();
}

// Where others can listen a router speaks TLS: without a certificate by a key of its own.
Status resolve_own_key(const Environment& environment, RouterConfig& config) {
  const bool is_here = std::all_of(config.listen.begin(), config.listen.end(),
                                   [](const auto& each) { return base::is_loopback(each.host); });
  if (is_here || !config.tls_cert_file.empty() || config.plaintext || is_cloud_run(environment)) {
    return absl::OkStatus();
  }
  config.own_key_file = state_file(environment, "router-key.pem");
  if (!config.own_key_file.empty()) return absl::OkStatus();
  return usage_error("there is no home folder to keep the router's key in: set HOME, or add " +
                     std::string("--tls-cert FILE and --tls-key FILE, or --plaintext"));
}

// ---- share and connect

StatusOr<std::vector<std::string>> resolve_guests(const Settings& settings) {
  const Setting* const setting = settings.find("ticket");
  if (setting == nullptr) return std::vector<std::string>();
  for (const std::string& guest : setting->values) {
    if (Status status = check_name(guest, "a ticket's name"); !status.ok())
      return base::within(status, setting->source);
  }
  return setting->values;
}

// Globs of names, or one ticket, which is shown to nobody but its own router.
Status resolve_listed(const std::vector<std::string>& words, ListConfig& config) {
  for (const std::string& word : words) {
    if (!is_ticket(word)) {
      if (!is_glob(word)) {
        return usage_error(in_quotes(word) + " is neither a name, nor one with * or ? in it");
      }
      config.globs.push_back(word);
      continue;
    }
    if (words.size() > 1) {
      return usage_error("a ticket is for one service at its own router: leave out the others");
    }
    auto ticket = parse_ticket(word);
    if (!ticket.ok()) return ticket.status();
    turn_to(ticket->router, config.common);
    config.ticket = *std::move(ticket);
  }
  return absl::OkStatus();
}

std::string resolve_keyring(const Settings& settings, const Environment& environment) {
  const std::string named = settings.text("keyring");
  return named.empty() ? user_file(environment, "keyring") : named;
}

// Nothing where nobody set it.
StatusOr<std::optional<milliseconds>> resolve_life(const Settings& settings,
                                                   std::string_view option) {
  std::optional<milliseconds> life;
  if (settings.find(option) == nullptr) return life;
  const auto duration = settings.duration(option, milliseconds(1), milliseconds(0));
  if (!duration.ok()) return duration.status();
  life = *duration;
  return life;
}

}  // namespace

StatusOr<RouterConfig> resolve_router(const Sources& sources) {
  if (Status status = no_positionals(sources, "router"); !status.ok()) return status;
  const auto gathered = gather(sources);
  if (!gathered.ok()) return gathered.status();
  const Settings& settings = gathered->settings;
  auto common = resolve_common(settings, sources.environment);
  if (!common.ok()) return common.status();
  auto listen = resolve_listen(settings, sources.environment);
  if (!listen.ok()) return listen.status();
  const auto allow_anonymous = settings.is_on("allow-anonymous");
  if (!allow_anonymous.ok()) return allow_anonymous.status();
  const auto plaintext = settings.is_on("plaintext");
  if (!plaintext.ok()) return plaintext.status();
  const auto behind_proxy = settings.is_on("behind-proxy");
  if (!behind_proxy.ok()) return behind_proxy.status();
  const bool on_cloud_run = is_cloud_run(sources.environment);

  RouterConfig config;
  config.common = *std::move(common);
  config.listen = *std::move(listen);
  config.auth_file = settings.text("auth-file");
  config.new_pass = settings.text("new-pass");
  if (!config.new_pass.empty()) {
    if (!config.auth_file.empty()) return config;
    return usage_error("--new-pass needs --auth-file FILE beside it, where " +
                       in_quotes(config.new_pass) + " is to be added");
  }
  if (!config.auth_file.empty() && *allow_anonymous) {
    return usage_error(settings.find("auth-file")->source + " and " +
                       settings.find("allow-anonymous")->source +
                       " exclude each other: leave out one");
  }
  config.allow_anonymous = *allow_anonymous;
  config.plaintext = *plaintext;
  config.behind_front_end = *behind_proxy || on_cloud_run;
  config.tls_cert_file = settings.text("tls-cert");
  config.tls_key_file = settings.text("tls-key");
  const milliseconds age = on_cloud_run ? kCloudRunLaneAge : milliseconds(0);
  const auto max_lane_age = settings.duration("max-lane-age", milliseconds(100), age);
  if (!max_lane_age.ok()) return max_lane_age.status();
  config.max_lane_age = *max_lane_age;
  if (const Setting* public_url = settings.find("public-url"); public_url != nullptr) {
    const auto url = parse_router_url(public_url->values.front());
    if (!url.ok()) return base::within(url.status(), public_url->source);
    config.public_url = *url;
  }
  if (config.tls_cert_file.empty() != config.tls_key_file.empty()) {
    const bool has_cert = !config.tls_cert_file.empty();
    return usage_error(settings.find(has_cert ? "tls-cert" : "tls-key")->source + " needs " +
                       (has_cert ? "--tls-key" : "--tls-cert") + " FILE beside it");
  }
  if (Status status = resolve_admin(settings, config); !status.ok()) return status;
  if (Status status = check_exposure(config); !status.ok()) return status;
  if (Status status = resolve_own_key(sources.environment, config); !status.ok()) return status;
  return config;
}

StatusOr<ShareConfig> resolve_share(const Sources& sources) {
  const auto gathered = gather(sources);
  if (!gathered.ok()) return gathered.status();
  auto common = resolve_client(gathered->settings, sources.environment);
  if (!common.ok()) return common.status();
  auto services = shared_services(sources, gathered->file);
  if (!services.ok()) return services.status();
  ShareConfig config;
  const auto dial_timeout =
      gathered->settings.duration("dial-timeout", milliseconds(1), config.dial_timeout);
  if (!dial_timeout.ok()) return dial_timeout.status();
  const auto grace = gathered->settings.duration("grace", milliseconds(1), config.grace);
  if (!grace.ok()) return grace.status();
  const auto no_wait = gathered->settings.is_on("no-wait");
  if (!no_wait.ok()) return no_wait.status();
  const auto check = gathered->settings.is_on("check");
  if (!check.ok()) return check.status();
  const auto no_e2e = gathered->settings.is_on("no-e2e");
  if (!no_e2e.ok()) return no_e2e.status();
  const auto new_ticket = gathered->settings.is_on("new-ticket");
  if (!new_ticket.ok()) return new_ticket.status();
  auto guests = resolve_guests(gathered->settings);
  if (!guests.ok()) return guests.status();

  const auto life = resolve_life(gathered->settings, "for");
  if (!life.ok()) return life.status();
  const auto idle_life = resolve_life(gathered->settings, "idle-exit");
  if (!idle_life.ok()) return idle_life.status();

  config.common = *std::move(common);
  config.services = *std::move(services);
  config.life = *life;
  config.idle_life = *idle_life;
  config.dial_timeout = *dial_timeout;
  config.grace = *grace;
  config.keyring_file = resolve_keyring(gathered->settings, sources.environment);
  config.check = *check;
  config.no_wait = *no_wait;
  config.is_encrypted = !*no_e2e;
  config.guests = *std::move(guests);
  config.new_tickets = *new_ticket;
  return config;
}

StatusOr<ConnectConfig> resolve_connect(const Sources& sources) {
  const auto gathered = gather(sources);
  if (!gathered.ok()) return gathered.status();
  auto common = resolve_client(gathered->settings, sources.environment);
  if (!common.ok()) return common.status();
  auto services = connected_services(sources, gathered->settings, gathered->file, common->json);
  if (!services.ok()) return services.status();
  ConnectConfig config;
  const auto hold = gathered->settings.duration("hold", milliseconds(0), config.hold);
  if (!hold.ok()) return hold.status();
  const auto grace = gathered->settings.duration("grace", milliseconds(1), config.grace);
  if (!grace.ok()) return grace.status();
  const auto no_wait = gathered->settings.is_on("no-wait");
  if (!no_wait.ok()) return no_wait.status();
  const auto no_e2e = gathered->settings.is_on("no-e2e");
  if (!no_e2e.ok()) return no_e2e.status();
  const auto no_save = gathered->settings.is_on("no-save");
  if (!no_save.ok()) return no_save.status();

  config.common = *std::move(common);
  config.services = *std::move(services);
  config.hold = *hold;
  config.grace = *grace;
  config.keyring_file = resolve_keyring(gathered->settings, sources.environment);
  config.no_wait = *no_wait;
  config.is_encrypted = !*no_e2e;
  config.keeps_tickets = !*no_save;
  return config;
}

StatusOr<ListConfig> resolve_list(const Sources& sources) {
  const auto gathered = gather(sources);
  if (!gathered.ok()) return gathered.status();
  auto common = resolve_client(gathered->settings, sources.environment);
  if (!common.ok()) return common.status();
  const auto watch = gathered->settings.is_on("watch");
  if (!watch.ok()) return watch.status();
  const auto connections = gathered->settings.is_on("connections");
  if (!connections.ok()) return connections.status();
  ListConfig config{.common = *std::move(common),
                    .globs = {},
                    .ticket = {},
                    .watch = *watch,
                    .with_connections = *connections};
  if (Status status = resolve_listed(sources.arguments.positionals, config); !status.ok()) {
    return status;
  }
  return config;
}

StatusOr<DoctorConfig> resolve_doctor(const Sources& sources) {
  const std::vector<std::string>& arguments = sources.arguments.positionals;
  if (arguments.size() > 1) {
    return usage_error("mindmeld doctor looks at one thing at a time, and got " +
                       in_quotes(arguments[0]) + " and " + in_quotes(arguments[1]));
  }
  const auto gathered = gather(sources);
  if (!gathered.ok()) return gathered.status();
  auto common = resolve_client(gathered->settings, sources.environment);
  if (!common.ok()) return common.status();
  DoctorConfig config;
  const auto patience = gathered->settings.duration("patience", milliseconds(0), config.patience);
  if (!patience.ok()) return patience.status();
  if (!arguments.empty() && is_target(arguments[0])) {
    auto target = parse_target(arguments[0]);
    if (!target.ok()) return target.status();
    config.target = *std::move(target);
  } else if (!arguments.empty()) {
    auto service = parse_connected(arguments[0]);
    if (!service.ok()) return service.status();
    config.service = *std::move(service);
  }
  config.common = *std::move(common);
  config.keyring_file = resolve_keyring(gathered->settings, sources.environment);
  config.patience = *patience;
  return config;
}

}  // namespace mm::config
