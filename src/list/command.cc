// SPDX-License-Identifier: MIT
#include "list/command.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <sstream>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "config/events.h"
#include "config/json.h"
#include "config/people.h"
#include "list/table.h"
#include "net/loop.h"
#include "screen/terminal.h"
#include "secure/proof.h"
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

Json json_of(const transport::ConnectionInfo& open) {
  return Json::object({{"id", open.id},
                       {"caller", open.caller},
                       {"age_s", open.age_s},
                       {"up_bytes", open.up_bytes},
                       {"down_bytes", open.down_bytes}});
}

std::string json_of(const std::vector<ServiceInfo>& services, bool with_connections) {
  std::vector<Json> items;
  for (const ServiceInfo& service : services) {
    items.push_back(Json::object({{"name", service.name},
                                  {"kind", service.kind},
                                  {"owner", service.owner},
                                  {"create_time", utc_time(service.create_time_s)},
                                  {"connections", service.connections},
                                  {"bytes", service.bytes},
                                  {"away", service.away}}));
    if (!with_connections) continue;
    std::vector<Json> open;
    for (const auto& each : service.open) open.push_back(json_of(each));
    items.back().add("open", Json::list(std::move(open)));
  }
  return dump_json(Json::object({{"services", Json::list(std::move(items))}})) + "\n";
}

std::string text_of(const std::vector<ServiceInfo>& services, const config::ListConfig& config) {
  const std::string router = config.common.router.text();
  if (config.common.json) return json_of(services, config.with_connections);
  if (!services.empty()) {
    return table(services) + (config.with_connections ? connections_table(services) : "");
  }
  if (!config.globs.empty()) return "no service of that name at " + router + "\n";
  if (config.ticket)
    return "\"" + config.ticket->service + "\" is not at " + router +
           " now, or this ticket does not open it\n";
  return "no services at " + router + ": share one with mindmeld share web=3000\n";
}

// How often --watch looks.
constexpr base::Duration kWatch = std::chrono::seconds(2);

// Asks and prints, once or again and again.
class Lister {
 public:
  Lister(const config::ListConfig& config, net::Loop& loop, transport::RouterClient& router,
         config::Events& events)
      : config_(config),
        loop_(loop),
        router_(router),
        events_(events),
        retry_(random_, !config.watch),
        again_(loop),
        signals_(loop, [this](int number) { on_signal(number); }, {SIGINT, SIGTERM}) {
    const bool has_page = config.watch && !config.common.json && isatty(STDOUT_FILENO) == 1;
    if (has_page && screen::Terminal::is_there()) page_.emplace(loop, [this] { draw(); });
  }

  ExitCode run() {
    ask();
    loop_.run();
    return exit_code_;
  }

 private:
  void ask() {
    transport::ListRequest request{.names = {}, .with_connections = config_.with_connections};
    if (config_.ticket) request.names.push_back(config_.ticket->service);
    router_.list_services(request, [this](base::StatusOr<transport::Listing> listing) {
      if (listing.ok()) {
        std::erase_if(listing->services, [this](const auto& each) { return !is_wanted(each); });
        show(listing->services);
      } else {
        fail(listing.status());
      }
      if (!config_.watch || exit_code_ != ExitCode::kDone) return loop_.stop();
      again_.after(kWatch, [this] { ask(); });
    });
  }

  bool is_wanted(const ServiceInfo& service) const {
    const auto fits = [&](const std::string& glob) { return config::matches(glob, service.name); };
    return config_.globs.empty() || std::any_of(config_.globs.begin(), config_.globs.end(), fits);
  }

  void show(const std::vector<ServiceInfo>& services) {
    retry_.reset();
    const bool is_told = take(text_of(services, config_));
    if (page_) return draw();
    if (!is_told || (std::fputs(text_.c_str(), stdout) >= 0 && std::fflush(stdout) == 0)) return;
    events_.error("output", std::string("cannot write the list: ") + std::strerror(errno));
    exit_code_ = ExitCode::kInternal;
  }

  // True: it is to be told, for it is new, or a script hears each look.
  bool take(std::string text) {
    const std::string before = std::exchange(text_, std::move(text));
    return text_ != before || config_.common.json;
  }

  // The newest services are the last, so where there are too many it is the first that go.
  void draw() {
    const screen::Look look = page_->look();
    std::vector<std::string> lines;
    std::istringstream in(text_);
    for (std::string line; std::getline(in, line);)
      lines.push_back(base::fitted(line, look.columns));
    if (lines.size() > look.rows) {
      lines.erase(lines.begin() + 1, lines.end() - static_cast<std::ptrdiff_t>(look.rows - 1));
    }
    page_->show(lines);
  }

  // One question has no patience; who watches waits for the router to be back, if it may.
  void fail(const base::Status& status) {
    const auto decision = retry_.on_failure(status, loop_.clock().now());
    if (!decision.again_after) {
      page_.reset();  // what is said there would go with it
      events_.given_up(status, decision.exit_code);
      exit_code_ = decision.exit_code;
      return;
    }
    const bool is_told = take(base::message(status) + "; trying again\n");
    if (page_) return draw();
    if (is_told) events_.error("router", base::message(status));
  }

  void on_signal(int number) {
    if (number == SIGINT) exit_code_ = ExitCode::kInterrupted;
    loop_.stop();
  }

  const config::ListConfig& config_;
  net::Loop& loop_;
  transport::RouterClient& router_;
  config::Events& events_;
  std::optional<screen::Terminal> page_;
  std::string text_;  // what was shown last
  ExitCode exit_code_ = ExitCode::kDone;
  base::SystemRandom random_;
  transport::Retry retry_;
  net::Timer again_;
  net::Signals signals_;
};

}  // namespace

ExitCode run(const config::ListConfig& config) {
  transport::LoopQueue queue;
  net::Loop loop(queue);
  config::Events events(config.common);
  const auto& ticket = config.ticket;
  auto router = transport::RouterClient::open(
      loop, queue,
      {.router = config.common.router,
       .ca_file = config.common.ca_file,
       .pass = config.common.pass,
       .ticket = ticket ? secure::admission_proof(ticket->secret, ticket->service) : base::Secret(),
       .identity_command = config.common.identity_command,
       .timing = {}});
  if (!router.ok()) {
    events.error("usage", base::message(router.status()));
    return ExitCode::kUsage;
  }
  return Lister(config, loop, **router, events).run();
}

}  // namespace mm::list
