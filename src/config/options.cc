// SPDX-License-Identifier: MIT
#include "config/options.h"

#include <algorithm>

namespace mm::config {
namespace {

constexpr unsigned kEnds = kShare | kConnect;
constexpr unsigned kClients = kEnds | kList | kDoctor;
constexpr unsigned kEvery = kRouter | kClients;

// clang-format off
constexpr Option kOptions[] = {
    {"listen", 0, "HOST:PORT", Type::kList, "127.0.0.1:6353",
     "where to listen; may be repeated", kRouter, Reach::kServeSection},
    {"auth-file", 0, "FILE", Type::kPath, "",
     "who may use it (JSON), read again when it changes", kRouter, Reach::kServeSection},
    {"new-pass", 0, "ID", Type::kText, "",
     "make a pass for ID, add them to --auth-file, and end", kRouter, Reach::kFlag},
    {"allow-anonymous", 0, "", Type::kSwitch, "",
     "serve whoever reaches an address that is not loopback", kRouter, Reach::kServeSection},
    {"tls-cert", 0, "FILE", Type::kPath, "",
     "serve TLS with this certificate chain (PEM), read again when it changes", kRouter,
     Reach::kServeSection},
    {"tls-key", 0, "FILE", Type::kPath, "",
     "the private key of --tls-cert (PEM)", kRouter, Reach::kServeSection},

    {"public-url", 0, "URL", Type::kText, "",
     "how others reach this router; tickets of shares beside it name it",
     kRouter, Reach::kServeSection},
    {"behind-proxy", 0, "", Type::kSwitch, "",
     "all callers come from a front end's address: no limits by address",
     kRouter, Reach::kServeSection},
    {"max-lane-age", 0, "DURATION", Type::kDuration, "off",
     "move connections to new streams at this age (Cloud Run: 50m)",
     kRouter, Reach::kServeSection},
    {"max-connections", 0, "COUNT", Type::kNumber, "none",
     "how many connections may be open at once", kRouter, Reach::kServeSection},
    {"max-memory", 0, "SIZE", Type::kSize, "3/4 of cgroup's",
     "take no new connection from this much on (512M, 2G)", kRouter, Reach::kServeSection},
    {"admin", 0, "HOST:PORT", Type::kText, "off",
     "show the router in a browser, and to Prometheus, there", kRouter,
     Reach::kServeSection},
    {"admin-anonymous", 0, "", Type::kSwitch, "",
     "let whoever reaches an address that is not loopback see it", kRouter, Reach::kServeSection},

    {"check", 0, "", Type::kSwitch, "",
     "share only what answers now, else end with exit code 7", kShare, Reach::kFile},
    {"dial-timeout", 0, "DURATION", Type::kDuration, "10s",
     "how long a target may take to answer", kShare, Reach::kFile},
    {"for", 0, "DURATION", Type::kDuration, "",
     "end after so long", kShare, Reach::kFile},
    {"idle-exit", 0, "DURATION", Type::kDuration, "",
     "end after so long without a connection", kShare, Reach::kFile},
    {"hold", 0, "DURATION", Type::kDuration, "15s",
     "how long a connection waits for its service", kConnect, Reach::kFile},
    {"grace", 0, "DURATION", Type::kDuration, "15m",
     "how long a connection outlives the loss of its other end", kEnds, Reach::kFile},
    {"keyring", 0, "FILE", Type::kPath, "~/.config/mindmeld/keyring",
     "your key and your tickets", kEnds | kDoctor, Reach::kFile},
    {"ticket", 0, "GUEST", Type::kList, "",
     "a ticket for each guest, in place of one for whoever has it", kShare, Reach::kFile},
    {"new-ticket", 0, "", Type::kSwitch, "",
     "new tickets; those before them open nothing any more", kShare, Reach::kFlag},
    {"ticket-file", 0, "FILE", Type::kPath, "",
     "read a ticket from here; -: from standard input", kConnect, Reach::kEnvironment},
    {"no-save", 0, "", Type::kSwitch, "",
     "do not keep tickets in the keyring", kConnect, Reach::kFile},
    {"no-e2e", 0, "", Type::kSwitch, "",
     "no end-to-end encryption; both sides must say so", kEnds, Reach::kFile},
    {"no-wait", 0, "", Type::kSwitch, "",
     "end at once where the router or a service is not there", kEnds, Reach::kFile},
    {"patience", 0, "DURATION", Type::kDuration, "10s",
     "how long to watch whether something in between cuts a stream", kDoctor, Reach::kFlag},

    {"connections", 0, "", Type::kSwitch, "",
     "the open connections of your own services, too", kList, Reach::kFlag},
    {"watch", 'w', "", Type::kSwitch, "",
     "go on, and show every two seconds how it is now", kList, Reach::kFlag},
    {"router", 0, "URL", Type::kText, "http://127.0.0.1:6353",
     "where the router is", kClients, Reach::kFile},
    {"pass-file", 0, "FILE", Type::kPath, "",
     "your pass for that router; or MINDMELD_PASS holds it", kClients, Reach::kFile},
    {"identity-command", 0, "COMMAND", Type::kText, "",
     "prints a token for what is in front of the router (Cloud Run)", kClients, Reach::kFile},
    {"ca", 0, "FILE", Type::kPath, "",
     "the roots to trust (PEM) instead of the system's", kClients, Reach::kFile},
    {"plaintext", 0, "", Type::kSwitch, "",
     "do without TLS where others could listen", kEvery, Reach::kServeSection},
    {"config", 0, "FILE", Type::kPath, "",
     "the configuration file, instead of the usual ones", kEvery, Reach::kEnvironment},
    {"json", 0, "", Type::kSwitch, "",
     "events on standard output, one JSON object a line", kEvery, Reach::kFile},
    {"plain", 0, "", Type::kSwitch, "",
     "lines, where a terminal would get a live screen", kEnds, Reach::kFile},
    {"verbose", 'v', "", Type::kCount, "",
     "say more; twice: much more", kEvery, Reach::kFile},
    {"quiet", 'q', "", Type::kSwitch, "",
     "say nothing but errors", kEvery, Reach::kFile},
    {"version", 0, "", Type::kSwitch, "",
     "print the version", kEvery, Reach::kFlag},
    {"help", 'h', "", Type::kSwitch, "",
     "print this", kEvery, Reach::kFlag},
};
// clang-format on

template <typename Predicate>
const Option* find(Predicate is_it) {
  const auto found = std::find_if(std::begin(kOptions), std::end(kOptions), is_it);
  return found == std::end(kOptions) ? nullptr : found;
}

}  // namespace

std::string Option::flag() const { return "--" + std::string(name); }

std::string Option::variable() const {
  std::string text = key();
  for (char& c : text) c = 'a' <= c && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return std::string(kVariablePrefix) + text;
}

std::string Option::key() const {
  std::string text(name);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

std::span<const Option> options() { return kOptions; }

const Option* find_option(std::string_view name) {
  return find([&](const Option& option) { return option.name == name; });
}

const Option* find_variable(std::string_view variable) {
  return find([&](const Option& option) {
    return option.reach != Reach::kFlag && option.variable() == variable;
  });
}

const Option* find_key(std::string_view key, Reach reach) {
  return find([&](const Option& option) { return option.reach == reach && option.key() == key; });
}

}  // namespace mm::config
