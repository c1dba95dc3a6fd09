// SPDX-License-Identifier: MIT
#include "config/events.h"

#include <poll.h>

#include <cstdio>
#include <ctime>

#include "base/notify.h"
#include "base/text.h"

namespace mm::config {
namespace {

// Texts of the router and the kernel may be in a line; one screen of it is enough.
constexpr size_t kLineBytesMost = 2'000;

constexpr int kStalledAfterMs = 1'000;

constexpr bool kLasting = true;

// What to do about a router that nobody named and that is not there.
std::string router_hint(const Common& common) {
  return common.router_is_default
             ? "; start one with mindmeld router, or name one with --router URL"
             : "";
}

// What the other side types.
std::string connect_command(std::string_view name, const Common& common) {
  const std::string url = common.router.pinned_text();
  const std::string router = common.router_is_default ? "" : " --router " + url;
  return "mindmeld connect " + std::string(name) + router;
}

Json sharing_event(std::string_view name, const Endpoint& target,
                   const Events::Invitation* invitation) {
  Json event = Json::object({{"event", "sharing"}, {"name", name}, {"target", target.text()}});
  if (invitation == nullptr) return event;
  event.add("ticket", invitation->ticket.reveal());
  if (!invitation->guest.empty()) event.add("guest", invitation->guest);
  return event;
}

// "2026-12-24", in UTC.
std::string utc_day(int64_t unix_time_s) {
  const auto time = static_cast<time_t>(unix_time_s);
  tm utc{};
  char text[32];
  if (gmtime_r(&time, &utc) == nullptr) return "";
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d", &utc));
}

std::string counted(size_t connections) {
  return std::to_string(connections) + (connections == 1 ? " connection is" : " connections are");
}

std::string go_on(size_t connections) {
  if (connections == 0) return "";
  return "; " + std::to_string(connections) +
         (connections == 1 ? " connection goes on" : " connections go on");
}

}  // namespace

// One write() a line, so that lines of several processes stay whole.
void LineOutput::write(std::string line) {
  line += '\n';
  pollfd ready{fd_, POLLOUT, 0};
  is_stalled_ = poll(&ready, 1, is_stalled_ ? 0 : kStalledAfterMs) == 0;
  if (is_stalled_) return;
  [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

Events::Events(const Common& common, int output_fd, int error_fd)
    : common_(common), output_(output_fd), errors_(error_fd) {}

void Events::router_listening(std::string_view address, std::string_view url) {
  Json event = Json::object({{"event", "listening"}, {"address", address}});
  if (!url.empty()) event.add("url", url);
  publish(event);
  tell("router listening on " + std::string(address) +
       (url.empty() ? "" : "   others name it: --router " + std::string(url)));
}

void Events::admin_listening(std::string_view address) {
  publish(Json::object({{"event", "admin"}, {"address", address}}));
  tell("to see the router: http://" + std::string(address) + "/");
}

void Events::new_pass(std::string_view id, const base::Secret& pass, std::string_view auth_file) {
  if (common_.json) {
    publish(Json::object({{"event", "pass"}, {"id", id}, {"pass", pass.reveal()}}));
  } else {
    output_.write(std::string(pass.reveal()));
  }
  tell("this is the pass of " + std::string(id) + ", shown this once; " + std::string(auth_file) +
       " holds its hash. They keep it in a file of their own (chmod 600) for --pass-file FILE");
}

void Events::sharing(std::string_view name, const Endpoint& target,
                     const std::optional<std::vector<Invitation>>& invitations, bool needs_ticket) {
  const bool is_encrypted = invitations.has_value();
  const std::vector<Invitation> all = invitations.value_or(std::vector<Invitation>());
  for (const Invitation& each : all) publish(sharing_event(name, target, &each));
  if (all.empty()) publish(sharing_event(name, target, nullptr));
  const std::string by_name = connect_command(name, common_);
  tell("sharing " + std::string(name) + " -> " + target.text() +
           (is_encrypted ? ", encrypted from end to end" : ", not encrypted"),
       kLasting);
  if (!is_encrypted) {
    const bool is_here = base::is_loopback(common_.router.host);
    return tell(
        (is_here ? "  on this machine run: " : "  a colleague runs: ") + by_name + " --no-e2e",
        kLasting);
  }
  if (!needs_ticket) return tell("  on this machine run: " + by_name, kLasting);
  for (const Invitation& each : all) {
    const std::string who = each.guest.empty() ? "a colleague" : each.guest;
    tell("  " + who + " runs: mindmeld connect '" + std::string(each.ticket.reveal()) + "'" +
             (each.expires_s ? "   until " + utc_day(*each.expires_s) : ""),
         kLasting);
  }
}

void Events::listening(std::string_view service, std::string_view address) {
  publish(Json::object({{"event", "listening"}, {"service", service}, {"address", address}}));
  tell("listening on " + std::string(address) + " for " + std::string(service), kLasting);
}

void Events::connection_open(std::string_view id, std::string_view service,
                             std::string_view guest) {
  Json event =
      Json::object({{"event", "connection"}, {"id", id}, {"service", service}, {"state", "open"}});
  if (!guest.empty()) event.add("guest", guest);
  publish(event);
  if (audience_) audience_->on_connection_open(id, service, guest);
  if (common_.verbosity > 0) {
    tell(std::string(service) + ": connection " + std::string(id) + " is open" +
         (guest.empty() ? "" : ", " + std::string(guest) + "'s"));
  }
}

void Events::connection_closed(std::string_view id, std::string_view service, uint64_t up_bytes,
                               uint64_t down_bytes, std::string_view why) {
  publish(Json::object({{"event", "connection"},
                        {"id", id},
                        {"service", service},
                        {"state", "closed"},
                        {"up_bytes", up_bytes},
                        {"down_bytes", down_bytes},
                        {"why", why}}));
  if (audience_) audience_->on_connection_closed(id, up_bytes, down_bytes, why);
  if (common_.verbosity > 0) {
    tell(std::string(service) + ": connection " + std::string(id) +
         " is closed: " + std::string(why) + ", " + std::to_string(up_bytes) + " bytes up, " +
         std::to_string(down_bytes) + " down");
  }
}

void Events::router_online(std::optional<base::Duration> away, size_t connections) {
  const std::string url = common_.router.text();
  if (audience_) audience_->on_router(url, true);
  if (!away) {
    return publish(Json::object({{"event", "router"}, {"state", "online"}, {"url", url}}));
  }
  const auto away_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*away).count();
  publish(Json::object({{"event", "router"},
                        {"state", "online"},
                        {"url", url},
                        {"away_ms", away_ms},
                        {"connections", connections}}));
  char duration[32];
  std::snprintf(duration, sizeof duration, "%.1f s", static_cast<double>(away_ms) / 1000);
  tell("the router at " + url + " is there again after " + duration + go_on(connections));
}

void Events::router_offline(std::string_view why, size_t connections) {
  const std::string url = common_.router.text();
  if (audience_) audience_->on_router(url, false);
  publish(Json::object({{"event", "router"},
                        {"state", "offline"},
                        {"url", url},
                        {"why", why},
                        {"connections", connections}}));
  tell("waiting for the router: " + std::string(why) + router_hint(common_) +
       (connections > 0 ? "; " + counted(connections) + " held meanwhile" : ""));
}

void Events::round_trip(base::Duration round_trip) {
  if (audience_) return audience_->on_round_trip(round_trip);
  char ms[32];
  std::snprintf(ms, sizeof ms, "%.3g",
                std::chrono::duration<double, std::milli>(round_trip).count());
  tell("the router at " + common_.router.text() + " is " + ms + " ms away");
}

void Events::given_up(const base::Status& status, base::ExitCode exit_code) {
  const std::string what = base::message(status);
  switch (exit_code) {
    case base::ExitCode::kNotAllowed:
      return error("not_allowed", what);
    case base::ExitCode::kNoSuchService:
      return error("no_such_service", what + "; leave out --no-wait to wait for it");
    case base::ExitCode::kNameTaken:
      return error("name_taken", what);
    case base::ExitCode::kRouterUnreachable: {
      // What is known to be no router has said what to do.
      const bool is_unknown = status.code() != base::Code::kFailedPrecondition;
      const bool is_named = !common_.router_is_default;
      return error("router",
                   what + (is_unknown && is_named ? "; mindmeld doctor looks closer" : ""));
    }
    default:
      return error("refused", what);
  }
}

void Events::error(std::string_view code, std::string_view message) {
  const std::string text =
      base::without_secrets(message) + (code == "router" ? router_hint(common_) : "");
  publish(Json::object({{"event", "error"}, {"code", code}, {"message", text}}));
  say("mindmeld: " + base::printable(text, kLineBytesMost), /*is_lasting=*/false);
}

void Events::note(std::string_view text) { tell(text); }

void Events::ready() { notify("READY=1"); }

// systemd takes the READY=1 that follows for this one's by the time.
void Events::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t now_us = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us));
}

void Events::stopping() {
  if (audience_) audience_->on_stopping();
  notify("STOPPING=1");
}

void Events::notify(std::string_view state) {
  const base::Status sent = base::notify(common_.notify_socket, state);
  if (!sent.ok()) note("cannot tell the service manager: NOTIFY_SOCKET: " + base::message(sent));
}

void Events::tell(std::string_view text, bool is_lasting) {
  if (common_.verbosity >= 0) say(base::printable(text, kLineBytesMost), is_lasting);
}

void Events::say(std::string line, bool is_lasting) {
  if (audience_) return audience_->on_line(line, is_lasting);
  errors_.write(std::move(line));
}

void Events::publish(const Json& event) {
  if (common_.json) output_.write(dump_json(event));
}

}  // namespace mm::config
