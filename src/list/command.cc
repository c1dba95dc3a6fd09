// SPDX-License-Identifier: MIT
#include "list/command.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/random.h"
#include "config/events.h"
#include "config/json.h"
#include "list/table.h"
#include "net/loop.h"
#include "transport/loop_queue.h"
#include "transport/retry.h"
#include "transport/router_client.h"

namespace mm::list {
namespace {

using base::ExitCode;
using config::Json;
using transport::ServiceInfo;

// "2026-11-23T07:19:03Z" (RFC 3339); empty for a time that no calendar has.
std::string utc_time(int64_t unix_time_s) {
  const auto time = static_cast<time_t>(unix_time_s);
  tm utc{};
  if (gmtime_r(&time, &utc) == nullptr) return "";
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc));
}

std::string json_of(const std::vector<ServiceInfo>& services) {
  std::vector<Json> items;
  for (const ServiceInfo& service : services) {
    items.push_back(Json::object({{"name", service.name},
                                  {"kind", service.kind},
                                  {"owner", service.owner},
                                  {"create_time", utc_time(service.create_time_s)},
                                  {"connections", service.connections},
                                  {"bytes", service.bytes},
                                  {"away", service.away}}));
  }
  return dump_json(Json::object({{"services", Json::list(std::move(items))}})) + "\n";
}

std::string text_of(const std::vector<ServiceInfo>& services, const config::Common& common) {
  if (common.json) return json_of(services);
  if (!services.empty()) return table(services);
  return "no services at " + common.router.text() + ": share one with mindmeld share web=3000\n";
}

ExitCode print(const std::string& text, config::Events& events) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return ExitCode::kDone;
  events.error("output", std::string("cannot write the list: ") + std::strerror(errno));
  return ExitCode::kInternal;
}

// One question, no patience.
ExitCode refused(const base::Status& status, base::TimePoint now, config::Events& events) {
  events.error("router", base::message(status));
  base::SystemRandom random;
  return transport::Retry(random, /*no_wait=*/true).on_failure(status, now).exit_code;
}

}  // namespace

ExitCode run(const config::ListConfig& config) {
  transport::LoopQueue queue;
  net::Loop loop(queue);
  config::Events events(config.common);
  auto router = transport::RouterClient::open(loop, queue,
                                              {.router = config.common.router,
                                               .ca_file = config.common.ca_file,
                                               .pass = config.common.pass,
                                               .identity_command = config.common.identity_command,
                                               .timing = {}});
  if (!router.ok()) {
    events.error("usage", base::message(router.status()));
    return ExitCode::kUsage;
  }
  ExitCode exit_code = ExitCode::kDone;
  (*router)->list_services({}, [&](base::StatusOr<transport::Listing> listing) {
    exit_code = listing.ok() ? print(text_of(listing->services, config.common), events)
                             : refused(listing.status(), loop.clock().now(), events);
    loop.stop();
  });
  loop.run();
  return exit_code;
}

}  // namespace mm::list
