// SPDX-License-Identifier: MIT
#include "router/command.h"

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>

#include "config/events.h"
#include "net/loop.h"
#include "ops/log.h"
#include "router/limits.h"
#include "router/router.h"

namespace mm::router {
namespace {

base::ExitCode failed(config::Events& events, const base::Status& status) {
  const bool is_usage = status.code() == base::Code::kInvalidArgument;
  events.error(is_usage ? "usage" : "cannot_listen", base::message(status));
  return is_usage ? base::ExitCode::kUsage : base::ExitCode::kCannotListen;
}

}  // namespace

base::ExitCode run(const config::RouterConfig& config) {
  Limits limits;
  limits.is_behind_front_end = config.behind_front_end;
  limits.lane_age = config.max_lane_age;
  config::Events events(config.common);
  net::Loop loop;
  const base::StatusOr<std::unique_ptr<Router>> router =
      Router::start(loop, {config.listen, config.tls_cert_file, config.tls_key_file}, limits,
                    config.public_url ? config.public_url->text() : "");
  if (!router.ok()) return failed(events, router.status());
  base::ExitCode code = base::ExitCode::kDone;
  net::Timer last_resort(loop);
  bool is_stopping = false;
  const net::Signals signals(loop,
                             [&](int signal) {
                               if (is_stopping) std::_Exit(static_cast<int>(code));
                               is_stopping = true;
                               if (signal == SIGINT) code = base::ExitCode::kInterrupted;
                               ops::log(ops::Level::kInfo, "router.stopping", {{"signal", signal}});
                               last_resort.after(limits.stop,
                                                 [&code] { std::_Exit(static_cast<int>(code)); });
                               (*router)->stop([&loop] { loop.stop(); });
                             },
                             {SIGTERM, SIGINT});
  for (const std::string& address : (*router)->addresses()) events.router_listening(address);
  loop.run();
  return code;
}

}  // namespace mm::router
