// SPDX-License-Identifier: MIT
#include "doctor/way.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <vector>

#include "net/dial.h"
#include "transport/revision.h"
#include "transport/tls_probe.h"

namespace mm::doctor {
namespace {

using base::Code;
using base::ExitCode;
using base::Status;
using base::StatusOr;
using std::chrono::milliseconds;
using transport::Listing;

constexpr base::Duration kDialTimeout = std::chrono::seconds(5);
constexpr int kRoundTrips = 11;

// A clock that is set by the network is right to some milliseconds. Those who judge a token or a
// certificate by theirs forgive a minute at most.
constexpr milliseconds kClockOffMost = std::chrono::minutes(1);

constexpr const char* kFrontEndRemedy =
    "is this the router's port? What stands in front of a router must speak HTTP/2 on both sides "
    "(nginx: listen 443 ssl http2, and grpc_pass; Cloud Run: --use-http2)";

// gRPC would go by them; we tell it not to.
constexpr const char* kProxyVariables[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY",
                                           "grpc_proxy",  "all_proxy",   "ALL_PROXY"};

std::string proxy_variable() {
  for (const char* name : kProxyVariables) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return name;
  }
  return "";
}

bool is_name(const std::string& host) {
  return host.find(':') == std::string::npos && std::any_of(host.begin(), host.end(), [](char c) {
           return ('a' <= c && c <= 'z') || c == '-';
         });
}

// Whoever listens there.
bool check_tcp(const Context& context) {
  const config::RouterUrl& router = context.common.router;
  const std::string proxy = proxy_variable();
  if (!proxy.empty()) {
    context.report.untold("proxy", proxy + " is set and not used: the router is dialled directly");
  }
  std::optional<net::Dial> dial;
  const base::TimePoint began = context.loop.clock().now();
  const auto socket = await<StatusOr<std::unique_ptr<net::Socket>>>(context.loop, [&](auto done) {
    dial.emplace(context.loop, base::Address::tcp(router.host, router.port), kDialTimeout, done);
  });
  if (socket.status().code() == Code::kNotFound) {
    context.report.bad("name", base::message(socket.status()),
                       "is the router's name written right? Does this machine know others "
                       "(getent hosts example.com)? If not, see /etc/resolv.conf",
                       ExitCode::kRouterUnreachable);
    return false;
  }
  if (is_name(router.host)) context.report.good("name", router.host + " is known here");
  if (socket.ok()) {
    const base::Duration took = context.loop.clock().now() - began;
    context.report.good("tcp", router.authority() + " answers within " + text_of(took));
    return true;
  }
  const std::string start = context.common.router_is_default
                                ? "start one with mindmeld router, or name one with --router URL"
                                : "does the router run there, at this port, and does a "
                                  "firewall let it through?";
  const std::string behind =
      proxy.empty() ? "" : "; if only the proxy gets out of here, the router cannot be reached";
  context.report.bad("tcp", base::message(socket.status()), start + behind,
                     ExitCode::kRouterUnreachable);
  return false;
}

// What it shows is looked at here; where it shows nothing, gRPC's own failure is told.
bool check_tls(const Context& context) {
  const config::RouterUrl& router = context.common.router;
  if (!router.tls) return true;
  std::optional<transport::TlsProbe> probe;
  const auto answer = await<transport::TlsAnswer>(context.loop, [&](auto done) {
    probe.emplace(context.loop, router, context.common.ca_file, done);
  });
  if (!answer.untrusted.empty()) {
    context.report.bad("tls", "the certificate of " + router.text() + " " + answer.untrusted,
                       answer.remedy, ExitCode::kRouterUnreachable);
    return false;
  }
  if (!answer.until.empty()) {
    context.report.good("tls", router.pin ? "it has the key of the URL's pin"
                                          : "its certificate is good until " + answer.until);
  }
  if (answer.lacks_http2) {
    context.report.bad("http2", "what answers at " + router.text() + " speaks HTTP/1.1 alone",
                       kFrontEndRemedy, ExitCode::kRouterUnreachable);
    return false;
  }
  if (!answer.until.empty()) context.report.good("http2", "HTTP/2 is spoken there");
  return true;
}

// About a name that no service has: the answer is short, and given to anybody but a wrong pass.
StatusOr<Listing> ask(const Context& context, const std::vector<std::string>& names = {"?"}) {
  return await<StatusOr<Listing>>(
      context.loop, [&](auto done) { context.router.list_services({.names = names}, done); });
}

void tell_refused_pass(const Context& context, const Status& status) {
  context.report.bad("pass", base::message(status),
                     "who runs the router gives you one; name its file with --pass-file FILE, or "
                     "in the configuration file beside the router",
                     ExitCode::kNotAllowed);
}

bool check_grpc(const Context& context, const StatusOr<Listing>& answer) {
  if (answer.ok()) {
    context.report.good("grpc", "a mindmeld router answers");
    return true;
  }
  const std::string why = base::message(answer.status());
  if (answer.status().code() == Code::kUnauthenticated) {
    context.report.good("grpc", "a mindmeld router answers");
    tell_refused_pass(context, answer.status());
  } else if (answer.status().code() == Code::kPermissionDenied) {
    context.report.bad("identity", why,
                       "for Cloud Run: --identity-command 'gcloud auth print-identity-token'",
                       ExitCode::kNotAllowed);
  } else {
    context.report.bad("grpc", why, kFrontEndRemedy, ExitCode::kRouterUnreachable);
  }
  return false;
}

// Who has a ticket needs no pass; whoever else has none is asked for it.
bool check_pass(const Context& context) {
  if (!context.common.pass.empty()) {
    context.report.good("pass", "the router takes your pass");
    return true;
  }
  if (context.config.service) return true;
  const StatusOr<Listing> all = ask(context, {});
  if (all.status().code() == Code::kUnauthenticated) {
    tell_refused_pass(context, all.status());
    return false;
  }
  context.report.good("pass", "this router asks for none");
  return true;
}

void check_version(const Context& context, const Listing& answer) {
  const std::string theirs = answer.router_version.empty() ? "the router does not say its version"
                                                           : "router " + answer.router_version;
  const std::string both = theirs + ", this program " MM_VERSION;
  if (answer.revision >= transport::kRevision) return context.report.good("version", both);
  context.report.bad("version", "the router is older than this program: " + both,
                     "have the router updated to this program's version",
                     ExitCode::kRouterUnreachable);
}

// `here`: what this machine's clock said when the router answered.
void check_clock(const Context& context, const Listing& answer, milliseconds here) {
  if (answer.time_ms == 0)
    return context.report.untold("clock", "the router does not say its time");
  const milliseconds ahead = here - milliseconds(answer.time_ms);
  const std::string off = text_of(std::max(std::chrono::abs(ahead), milliseconds(1)));
  if (std::chrono::abs(ahead) <= kClockOffMost) {
    return context.report.good("clock", "within " + off + " of the router's");
  }
  context.report.bad("clock",
                     "this machine's clock is " + off +
                         (ahead.count() > 0 ? " ahead of" : " behind") + " the router's",
                     "set the one that is wrong (timedatectl set-ntp true): certificates, passes "
                     "and tickets end by it",
                     ExitCode::kInternal);
}

void measure_round_trip(const Context& context) {
  std::vector<base::Duration> times;
  while (times.size() < kRoundTrips) {
    const base::TimePoint began = context.loop.clock().now();
    if (!ask(context).ok()) return context.report.untold("round trip", "not measured: it was lost");
    times.push_back(context.loop.clock().now() - began);
  }
  std::nth_element(times.begin(), times.begin() + kRoundTrips / 2, times.end());
  context.report.good("round trip", text_of(times[kRoundTrips / 2]) + " to the router and back");
}

}  // namespace

bool check_way(const Context& context) {
  if (!check_tcp(context) || !check_tls(context)) return false;
  if (const auto first = ask(context); !check_grpc(context, first)) return false;
  const milliseconds asked = base::unix_time();  // with the connection there, an answer is quick
  const StatusOr<Listing> answer = ask(context);
  const milliseconds here = (asked + base::unix_time()) / 2;
  if (!answer.ok()) return check_grpc(context, answer);
  if (!check_pass(context)) return false;
  check_version(context, *answer);
  check_clock(context, *answer, here);
  measure_round_trip(context);
  return true;
}

}  // namespace mm::doctor
