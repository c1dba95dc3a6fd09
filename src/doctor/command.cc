// SPDX-License-Identifier: MIT
#include "doctor/command.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "config/events.h"
#include "doctor/context.h"
#include "doctor/service.h"
#include "doctor/traffic.h"
#include "doctor/way.h"
#include "net/dial.h"
#include "screen/terminal.h"
#include "transport/loop_queue.h"

namespace mm::doctor {
namespace {

using base::ExitCode;
using base::StatusOr;

constexpr base::Duration kTargetTimeout = std::chrono::seconds(3);

Report::Look look() {
  const screen::Look seen = screen::Terminal::look_of(STDOUT_FILENO);
  Report::Look look{.has_ticks = seen.is_utf8};
  if (!screen::Terminal::is_there(STDOUT_FILENO)) return look;
  look.has_colours = seen.has_colour;
  look.columns = seen.columns;
  return look;
}

base::Status reach(net::Loop& loop, const base::Address& target) {
  std::optional<net::Dial> dial;
  return await<StatusOr<std::unique_ptr<net::Socket>>>(
             loop, [&](auto done) { dial.emplace(loop, target, kTargetTimeout, done); })
      .status();
}

// A bare port is two addresses, and a server may listen at one of them alone.
void check_target(net::Loop& loop, const base::Address& target, Report& report) {
  std::vector<base::Address> places = {target};
  if (target.kind == base::Address::Kind::kTcp && target.host.empty()) {
    places = {base::Address::tcp("127.0.0.1", target.port), base::Address::tcp("::1", target.port)};
  }
  std::string answers;
  base::Status refusal;
  for (const base::Address& place : places) {
    const base::Status status = reach(loop, place);
    if (status.ok()) answers += (answers.empty() ? "" : " and ") + place.text();
    if (refusal.ok()) refusal = status;
  }
  if (!answers.empty()) {
    return report.good("target", "something listens at " + answers);
  }
  report.bad("target", base::message(refusal),
             "start the server, or name the port at which it listens (ss -ltn shows them)",
             ExitCode::kTargetRefused);
}

}  // namespace

ExitCode run(const config::DoctorConfig& config) {
  transport::LoopQueue queue;
  net::Loop loop(queue);
  base::SystemRandom random;
  config::Common common = config.common;
  config::Events events(common);
  const auto usage = [&](const base::Status& status) {
    events.error("usage", base::message(status));
    return ExitCode::kUsage;
  };
  std::optional<Key> key;
  if (config.service) {
    auto found = find_key(config, random, common);
    if (!found.ok()) return usage(found.status());
    key = *std::move(found);
  }
  const auto router = transport::RouterClient::open(loop, queue,
                                                    {.router = common.router,
                                                     .ca_file = common.ca_file,
                                                     .pass = common.pass,
                                                     .identity_command = common.identity_command,
                                                     .timing = {}});
  if (!router.ok()) return usage(router.status());
  Report report(common, look());
  const Context context{loop, random, **router, common, config, report};
  if (config.target) check_target(loop, *config.target, report);
  if (check_way(context)) {
    if (key) check_service(context, *key);
    check_traffic(context);
  }
  return report.verdict();
}

}  // namespace mm::doctor
