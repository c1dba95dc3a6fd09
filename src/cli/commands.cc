// SPDX-License-Identifier: MIT
#include "cli/commands.h"

#include <type_traits>

#include "cli/log_level.h"
#include "config/events.h"
#include "connect/command.h"
#include "doctor/command.h"
#include "list/command.h"
#include "router/command.h"
#include "share/command.h"

namespace mm::cli {
namespace {

using base::ExitCode;
using base::StatusOr;

template <auto resolve, auto run>
StatusOr<ExitCode> main_of(const config::Sources& sources) {
  const auto config = resolve(sources);
  if (!config.ok()) return config.status();
  const auto level = log_level(sources.environment, config->common.verbosity);
  if (!level.ok()) return level.status();
  ops::set_log_level(*level);
  for (const std::string& note : config->common.notes) config::Events(config->common).note(note);
  if constexpr (std::is_invocable_v<decltype(run), decltype(*config)>) {
    return run(*config);
  } else {
    return run(*config, [&sources] { return resolve(sources); });
  }
}

const Command kCommands[] = {
    {"share", "[NAME=]TARGET...", "offer a local port under a name",
     "Offers local ports for as long as it runs, and prints tickets: who has one can connect. "
     "What\n"
     "passes is encrypted up to the other end.\n"
     "TARGET is PORT, HOST:PORT or unix:/path; without NAME one is made up. It need not be up "
     "yet.\n",
     "  mindmeld share web=3000\n"
     "  mindmeld share 3000 --router https://relay.example.com\n"
     "  mindmeld share web=3000 --ticket bob --ticket carol\n"
     "  mindmeld share web=3000 db=localhost:5432 admin=unix:/run/admin.sock\n",
     config::kShare, main_of<config::resolve_share, share::run>},
    {"connect", "(NAME|TICKET)[=LISTEN]...", "open a local port that leads to a shared one",
     "Listens on this machine; each connection is forwarded to the service NAME, encrypted up to\n"
     "its share. TICKET is the line that a colleague's share printed; your own services need "
     "none,\n"
     "and a ticket is kept after its first use, so that its NAME is enough.\n"
     "LISTEN is PORT, HOST:PORT, unix:/path, or - for standard input and output; without it the\n"
     "port is the target's own number, if it is free here. It waits for a service that is not "
     "there.\n",
     "  mindmeld connect 'https://relay.example.com/web#...'\n"
     "  mindmeld connect web=8080\n"
     "  mindmeld connect web db --router https://relay.example.com\n"
     "  ssh -o ProxyCommand='mindmeld connect ssh=-' build-machine\n",
     config::kConnect, main_of<config::resolve_connect, connect::run>},
    {"list", "[GLOB...|TICKET]", "show the services that the router knows",
     "Shows the services that the router knows, the newest last: those whose names one of the "
     "globs\n"
     "fits (* and ? as in a shell), or the one that a ticket opens.\n",
     "  mindmeld list\n"
     "  mindmeld list 'ann-*' --watch\n"
     "  mindmeld list --json --router https://relay.example.com\n",
     config::kList, main_of<config::resolve_list, list::run>},
    {"doctor", "[TARGET|SERVICE|TICKET]", "find out why it does not work, and what to do",
     "Goes the whole way step by step, and says of each whether it works, or what to do: name, "
     "TCP,\n"
     "TLS, HTTP/2, gRPC, pass, version, clock, round trip, throughput, and whether something in\n"
     "between cuts streams. TARGET: whether a server listens there, too. SERVICE or TICKET: opens\n"
     "one connection to it, up to the target, says nothing, and ends it.\n"
     "The exit code is 0, or that of the first cause: 1 clock, 3 not allowed, 4 no such service,\n"
     "5 router, 7 target.\n",
     "  mindmeld doctor\n"
     "  mindmeld doctor 3000 --router https://relay.example.com\n"
     "  mindmeld doctor 'https://relay.example.com/web#...'\n",
     config::kDoctor, main_of<config::resolve_doctor, doctor::run>},
    {"router", "", "run the intermediary that both sides can reach",
     "Runs the intermediary: one port, gRPC only, so that it works behind what speaks HTTP/2.\n"
     "Where others can reach it, it asks who they are (--auth-file), and speaks TLS: by your\n"
     "certificate, or by a key of its own, whose pin its URL then has.\n"
     "On Cloud Run (where K_SERVICE is set) it listens at 0.0.0.0:$PORT by default.\n",
     "  mindmeld router\n"
     "  mindmeld router --auth-file people.json --new-pass ann\n"
     "  mindmeld router --auth-file people.json --listen 0.0.0.0:6353\n"
     "  mindmeld router --auth-file people.json --listen 0.0.0.0:443 --tls-cert c.pem "
     "--tls-key k.pem\n",
     config::kRouter, main_of<config::resolve_router, router::run>},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace mm::cli
