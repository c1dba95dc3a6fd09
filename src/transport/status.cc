// SPDX-License-Identifier: MIT
#include "transport/status.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace mm::transport {
namespace {

using base::Code;
using base::Status;

constexpr size_t kRouterTextBytesMax = 200;

// gRPC 1.51.1's texts, as they were seen; the tests hold them against the real ones.
constexpr std::string_view kDialFailed = "failed to connect to all addresses";
constexpr std::string_view kNoName = "DNS resolution failed";
constexpr std::string_view kConnect = "Failed to connect to remote host: ";
constexpr std::string_view kHttpStatus = "Received http2 header with status: ";
constexpr std::string_view kNoIdentity = "Getting metadata from plugin failed with error: ";
constexpr std::string_view kFromPeer = "Error received from peer";
constexpr std::string_view kUntrusted = "certificate verify failed";
constexpr std::string_view kWrongName = "is not in peer certificate";
constexpr std::string_view kWrongPin = "another key than the pin's";  // pinned_tls.cc
constexpr std::string_view kNoAlpn = "missing selected ALPN property";
constexpr std::string_view kNotTls = "wrong version number";
constexpr std::string_view kHandshake = "Ssl handshake failed";
constexpr std::string_view kHttp1 = "Trying to connect an http1.x server";
constexpr std::array<std::string_view, 2> kNotHttp2 = {"Failed parsing HTTP/2", kHttp1};
constexpr std::array<std::string_view, 3> kCutOff = {"Socket closed", "Connection reset by peer",
                                                     "Broken pipe"};
constexpr std::array<std::string_view, 7> kConnectionLost = {
    "Socket closed",        "recvmsg:", "Connection reset by peer", "Broken pipe", "GOAWAY",
    "Connection timed out", "keepalive"};
constexpr std::array<std::string_view, 3> kScarce = {
    "Too many open files", "Cannot allocate memory", "No buffer space available"};
constexpr std::array<std::string_view, 3> kTimedOut = {"timed out", "tcp handshaker shutdown",
                                                       "Handshake read failed"};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

template <size_t kCount>
bool has_any(std::string_view text, const std::array<std::string_view, kCount>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [text](std::string_view part) { return has(text, part); });
}

// A peer's text must not be able to move a terminal's cursor or to fill a screen.
std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= ' ' && byte < 127;
    if (out.size() + (plain ? 1 : 4) > kRouterTextBytesMax) break;
    if (plain) {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string with_scheme(config::RouterUrl router, bool tls) {
  router.tls = tls;
  return router.text();
}

Status unavailable(std::string_view message) { return base::error(Code::kUnavailable, message); }
Status wrong(std::string_view message) { return base::error(Code::kFailedPrecondition, message); }

// No connection came about.
Status dial_failure(std::string_view text, const config::RouterUrl& router) {
  const std::string url = router.text();
  if (has(text, kUntrusted)) {
    return untrusted(router, "is not trusted; name its CA with --ca FILE");
  }
  if (has(text, kWrongPin)) {
    return wrong("what answers at " + url + " has another key than its pin: the router got a new " +
                 "one, or somebody is in between; ask for its URL, or for a new ticket");
  }
  if (has(text, kWrongName)) {
    return wrong("the certificate of " + url + " is for another name than " + router.host +
                 ": name the router as its certificate does");
  }
  if (has(text, kNotTls)) {
    return wrong("what answers at " + url + " does not speak TLS; try " +
                 with_scheme(router, false));
  }
  if (has(text, kNoAlpn) || has(text, kHttp1)) {
    return no_http2(router);
  }
  if (has_any(text, kNotHttp2)) return not_a_router(router);
  if (has(text, kHandshake))
    return wrong("no TLS session with " + url + " could be made: mindmeld doctor looks closer");
  if (has_any(text, kTimedOut)) return no_answer(router);
  if (has_any(text, kCutOff)) {
    return unavailable("no router at " + url + ": the connection was closed at once");
  }
  for (const std::string_view scarce : kScarce) {
    if (!has(text, scarce)) continue;
    return unavailable("cannot dial " + url + ": " + std::string(scarce) + " on this machine");
  }
  const size_t connect = text.rfind(kConnect);
  if (connect == std::string_view::npos) return unavailable("no router at " + url);
  return unavailable("no router at " + url + ": " +
                     escaped(text.substr(connect + kConnect.size())));
}

// Something before the router, or in its place, answered in HTTP.
Status http_failure(std::string_view text, const config::RouterUrl& router) {
  const std::string_view number = text.substr(kHttpStatus.size());
  int status = 0;
  std::from_chars(number.data(), number.data() + number.size(), status);
  const std::string answer = router.text() + " answers HTTP " + std::to_string(status);
  if (status == 429 || status >= 500) return unavailable(answer);
  if (status == 401 || status == 403) {
    return base::error(Code::kPermissionDenied, answer + ": what is in front of the router does " +
                                                    "not know you; see --identity-command");
  }
  return not_a_router(router);
}

Status router_says(const CallEnd& end, const config::RouterUrl& router) {
  const std::string words =
      end.text.empty() ? "refused by the router at " + router.text() : escaped(end.text);
  switch (end.code) {
    case grpc::StatusCode::NOT_FOUND:
      return base::error(Code::kNotFound, words);
    case grpc::StatusCode::ALREADY_EXISTS:
      return base::error(Code::kAlreadyExists, words);
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return base::error(Code::kResourceExhausted, words);
    case grpc::StatusCode::INVALID_ARGUMENT:
      return base::error(Code::kInvalidArgument, words);
    case grpc::StatusCode::PERMISSION_DENIED:
      return base::error(Code::kPermissionDenied, router.text() + ": " + words);
    case grpc::StatusCode::UNAUTHENTICATED:
      return base::error(Code::kUnauthenticated, router.text() + ": " + words);
    case grpc::StatusCode::UNIMPLEMENTED:
      return not_a_router(router);
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::UNAVAILABLE:
      return base::error(Code::kAborted,
                         "the router at " + router.text() + " ended the call: " + words);
    default:
      return unavailable("the router at " + router.text() + " ended the call: " + words);
  }
}

}  // namespace

CallEnd call_end(const grpc::Status& status, const grpc::ClientContext& context) {
  // gRPC says "from peer" too when the connection to the peer is lost.
  const bool is_lost = status.error_code() == grpc::StatusCode::UNAVAILABLE &&
                       has_any(status.error_message(), kConnectionLost);
  return {status.error_code(), status.error_message(),
          !is_lost && has(context.debug_error_string(), kFromPeer)};
}

Status translate(const CallEnd& end, const config::RouterUrl& router) {
  if (end.code == grpc::StatusCode::OK) return {};
  if (const size_t at = end.text.find(kNoIdentity); at != std::string::npos) {
    return unavailable(escaped(std::string_view(end.text).substr(at + kNoIdentity.size())));
  }
  if (end.text.starts_with(kHttpStatus)) return http_failure(end.text, router);
  // The router never says that, though gRPC may put "from peer" beside its own words.
  if (end.code == grpc::StatusCode::DEADLINE_EXCEEDED) return no_answer(router);
  if (end.from_router) return router_says(end, router);
  if (end.text.starts_with(kDialFailed)) return dial_failure(end.text, router);
  if (end.text.starts_with(kNoName)) {
    return unavailable("no router at " + router.text() + ": the name " + router.host +
                       " does not resolve");
  }
  return unavailable("the connection to the router at " + router.text() + " was lost");
}

bool may_speak_tls(const CallEnd& end) {
  return !end.from_router && end.text.starts_with(kDialFailed) &&
         (has_any(end.text, kCutOff) || has_any(end.text, kNotHttp2));
}

bool has_failed_in_tls(const CallEnd& end) {
  return !end.from_router && end.text.starts_with(kDialFailed) &&
         (has(end.text, kUntrusted) || has(end.text, kHandshake));
}

Status untrusted(const config::RouterUrl& router, const std::string& why) {
  return wrong("the certificate of " + router.text() + " " + why);
}

Status speaks_tls(const config::RouterUrl& router) {
  return wrong("what answers at " + router.text() + " speaks TLS; try " +
               with_scheme(router, true));
}

Status no_http2(const config::RouterUrl& router) {
  return wrong("what answers at " + router.text() +
               " speaks no HTTP/2: it is no mindmeld router, or behind something that knows " +
               "HTTP/1.1 alone");
}

Status not_a_router(const config::RouterUrl& router) {
  return wrong("what answers at " + router.text() +
               " is not a mindmeld router: is the address right?");
}

Status no_answer(const config::RouterUrl& router) {
  return unavailable("the router at " + router.text() + " does not answer");
}

}  // namespace mm::transport
