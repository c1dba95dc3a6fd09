// SPDX-License-Identifier: MIT
#include "router/command.h"

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "admin/site.h"
#include "base/check.h"
#include "config/events.h"
#include "config/router_url.h"
#include "net/bind.h"
#include "net/hang_up.h"
#include "net/loop.h"
#include "ops/log.h"
#include "ops/process.h"
#include "router/limits.h"
#include "router/people_file.h"
#include "router/reloads.h"
#include "router/router.h"
#include "transport/pinned_tls.h"

namespace mm::router {
namespace {

base::ExitCode failed(config::Events& events, const base::Status& status) {
  const bool is_usage = status.code() == base::Code::kInvalidArgument;
  events.error(is_usage ? "usage" : "cannot_listen", base::message(status));
  return is_usage ? base::ExitCode::kUsage : base::ExitCode::kCannotListen;
}

// What others have to call a router that nobody vouches for: by a URL with its pin. Empty: it has a
// name, or is for this machine alone.
std::string url_of(const std::string& address, const std::optional<config::RouterUrl>& public_url,
                   const std::optional<transport::OwnIdentity>& identity) {
  if (!identity) return "";
  if (public_url) return public_url->pinned_text();
  auto url = config::parse_router_url("https://" + address);
  MM_CHECK(url.ok());
  const bool is_any = url->host == "0.0.0.0" || url->host == "::";
  if (is_any) url->host = net::outward_address(url->host == "::");
  url->pin = identity->pin;
  return url->pinned_text();
}

// Prints the pass, the only time that anybody sees it.
base::ExitCode make_pass(const config::RouterConfig& config) {
  config::Events events(config.common);
  base::SystemRandom random;
  const auto pass = PeopleFile(config.auth_file).add(config.new_pass, random);
  if (!pass.ok()) {
    events.error("usage", base::message(pass.status()));
    return base::ExitCode::kUsage;
  }
  events.new_pass(config.new_pass, *pass, config.auth_file);
  return base::ExitCode::kDone;
}

// A router that used all of its control group's memory would be killed with everything it carries.
uint64_t memory_budget_bytes(const config::RouterConfig& config) {
  if (config.max_memory_bytes) return *config.max_memory_bytes;
  return ops::memory_limit_bytes().value_or(0) / 4 * 3;
}

Limits limits_of(const config::RouterConfig& config) {
  Limits limits;
  limits.is_behind_front_end = config.behind_front_end;
  limits.lane_age = config.max_lane_age;
  if (config.max_connections) limits.connections = *config.max_connections;
  limits.memory_bytes = memory_budget_bytes(config);
  return limits;
}

// Null where it is off.
base::StatusOr<std::unique_ptr<admin::Site>> show(const config::RouterConfig& config,
                                                  net::Loop& loop, const Router* const& router) {
  if (!config.admin) return nullptr;
  return admin::Site::start(*config.admin,
                            [&](bool wants_rows, std::function<void(admin::Snapshot)> answer) {
                              loop.post([&router, wants_rows, answer = std::move(answer)] {
                                answer(router->snapshot(wants_rows));
                              });
                            });
}

}  // namespace

base::ExitCode run(const config::RouterConfig& config) {
  if (!config.new_pass.empty()) return make_pass(config);
  const Limits limits = limits_of(config);
  config::Events events(config.common);
  net::Loop loop;
  Reloads reloads(loop, config.auth_file, events);
  if (const base::Status status = reloads.read(); !status.ok()) return failed(events, status);
  transport::Server::Options server{config.listen, config.tls_cert_file, config.tls_key_file};
  server.buffer_bytes = limits.memory_bytes / 3 * 2;  // the rest is ours, and the allocator's
  std::optional<config::RouterUrl> public_url = config.public_url;
  if (!config.own_key_file.empty()) {
    base::SystemRandom random;
    auto identity = transport::own_identity(config.own_key_file, random);
    if (!identity.ok()) return failed(events, identity.status());
    if (public_url) public_url->pin = identity->pin;
    server.own_identity = *std::move(identity);
  }
  const Router* asked = nullptr;  // by the site, from the loop
  const auto site = show(config, loop, asked);
  if (!site.ok()) return failed(events, site.status());
  const base::StatusOr<std::unique_ptr<Router>> router =
      Router::start(loop, server, limits, public_url ? public_url->pinned_text() : "");
  if (!router.ok()) return failed(events, router.status());
  asked = router->get();
  reloads.begin(**router);
  base::ExitCode code = base::ExitCode::kDone;
  net::Timer last_resort(loop);
  bool is_stopping = false;
  const auto stop = [&](int signal) {
    if (is_stopping) std::_Exit(static_cast<int>(code));
    is_stopping = true;
    events.stopping();
    if (signal == SIGINT) code = base::ExitCode::kInterrupted;
    ops::log(ops::Level::kInfo, "router.stopping", {{"signal", signal}});
    last_resort.after(limits.stop, [&code] { std::_Exit(static_cast<int>(code)); });
    (*router)->stop([&loop] { loop.stop(); });
  };
  const auto reload = [&] {
    if (is_stopping) return;
    events.reloading();
    reloads.everything();
    events.ready();
  };
  const net::Signals signals(loop, stop, {SIGTERM, SIGINT});
  const auto on_terminal_gone = [&] {
    if (!is_stopping) stop(SIGHUP);  // the shell says it, and the kernel
  };
  const net::HangUp hang_up(loop, on_terminal_gone, reload);
  for (const std::string& address : (*router)->addresses()) {
    events.router_listening(address, url_of(address, public_url, server.own_identity));
  }
  if (*site) {
    for (const std::string& address : (*site)->addresses()) events.admin_listening(address);
  }
  events.ready();
  loop.run();
  return code;
}

}  // namespace mm::router
