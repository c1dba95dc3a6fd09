// SPDX-License-Identifier: MIT
#include "router/command.h"

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "base/check.h"
#include "config/events.h"
#include "config/router_url.h"
#include "net/bind.h"
#include "net/loop.h"
#include "ops/log.h"
#include "router/limits.h"
#include "router/people_file.h"
#include "router/router.h"
#include "transport/pinned_tls.h"

namespace mm::router {
namespace {

base::ExitCode failed(config::Events& events, const base::Status& status) {
  const bool is_usage = status.code() == base::Code::kInvalidArgument;
  events.error(is_usage ? "usage" : "cannot_listen", base::message(status));
  return is_usage ? base::ExitCode::kUsage : base::ExitCode::kCannotListen;
}

// How often the auth file is looked at, and who has expired.
constexpr base::Duration kLook = std::chrono::seconds(1);

// Who may use a router, for as long as it runs.
class People {
 public:
  People(net::Loop& loop, const std::string& auth_file, config::Events& events)
      : events_(events), file_(auth_file), timer_(loop) {}

  // kInvalidArgument: the file is not what it must be.
  base::Status read() {
    auto people = file_.read();
    if (people.ok()) first_ = *std::move(people);
    return people.status();
  }

  // Before the loop runs: nobody is let in before they are known.
  void apply_to(Router& router) {
    router_ = &router;
    router.set_people(first_);
    look_later();
  }

  // A file that is not what it must be changes nothing.
  void reload() {
    const auto people = file_.read();
    if (!people.ok()) {
      return events_.error("auth_file", base::message(people.status()) +
                                            "; those who might do something before still may");
    }
    ops::log(ops::Level::kInfo, "router.people", {{"count", people->size()}});
    router_->set_people(*people);
  }

 private:
  void look_later() {
    timer_.after(kLook, [this] {
      if (file_.has_changed()) reload();
      router_->end_expired();
      look_later();
    });
  }

  config::Events& events_;
  PeopleFile file_;
  std::vector<config::Person> first_;
  Router* router_ = nullptr;
  net::Timer timer_;
};

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

}  // namespace

base::ExitCode run(const config::RouterConfig& config) {
  if (!config.new_pass.empty()) return make_pass(config);
  Limits limits;
  limits.is_behind_front_end = config.behind_front_end;
  limits.lane_age = config.max_lane_age;
  config::Events events(config.common);
  net::Loop loop;
  std::optional<People> people;
  if (!config.auth_file.empty()) {
    people.emplace(loop, config.auth_file, events);
    if (const base::Status status = people->read(); !status.ok()) return failed(events, status);
  }
  transport::Server::Options server{config.listen, config.tls_cert_file, config.tls_key_file};
  std::optional<config::RouterUrl> public_url = config.public_url;
  if (!config.own_key_file.empty()) {
    base::SystemRandom random;
    auto identity = transport::own_identity(config.own_key_file, random);
    if (!identity.ok()) return failed(events, identity.status());
    if (public_url) public_url->pin = identity->pin;
    server.own_identity = *std::move(identity);
  }
  const base::StatusOr<std::unique_ptr<Router>> router =
      Router::start(loop, server, limits, public_url ? public_url->pinned_text() : "");
  if (!router.ok()) return failed(events, router.status());
  if (people) people->apply_to(**router);
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
  std::optional<net::Signals> reloads;  // without anything to reload the signal ends it, as usual
  if (people)
    reloads.emplace(
        loop, [&](int) { people->reload(); }, std::initializer_list{SIGHUP});
  for (const std::string& address : (*router)->addresses()) {
    events.router_listening(address, url_of(address, public_url, server.own_identity));
  }
  loop.run();
  return code;
}

}  // namespace mm::router
