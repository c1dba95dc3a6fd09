// SPDX-License-Identifier: MIT
#include "admin/site.h"

#include <arpa/inet.h>
#include <strings.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "admin/metrics.h"
#include "admin/page.h"
#include "admin/status_json.h"
#include "config/endpoint.h"

namespace mm::admin {
namespace {

constexpr auto kPatience = std::chrono::seconds(1);

HttpResponse not_answering() { return {.code = 503, .body = "the router does not answer\n"}; }

HttpResponse page() {
  return {.type = "text/html; charset=utf-8",
          .body = std::string(kPage),
          .headers = {{"Content-Security-Policy", kPagePolicy},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}}};
}

// What the router answers, until nobody waits for it any more.
class Reply {
 public:
  void put(Snapshot snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
    is_there_.notify_all();
  }
  std::optional<Snapshot> wait() {
    std::unique_lock lock(mutex_);
    is_there_.wait_for(lock, kPatience, [this] { return snapshot_.has_value(); });
    return std::move(snapshot_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable is_there_;
  std::optional<Snapshot> snapshot_;
};

}  // namespace

base::StatusOr<std::unique_ptr<Site>> Site::start(const base::Address& address, Ask ask) {
  std::unique_ptr<Site> site(new Site(address, std::move(ask)));
  auto server = HttpServer::start(
      address, [self = site.get()](const HttpRequest& request) { return self->answer(request); });
  if (!server.ok()) return server.status();
  site->server_ = *std::move(server);
  return site;
}

HttpResponse Site::answer(const HttpRequest& request) const {
  // These tell no names: whoever watches the router may call it as they like.
  if (request.path == "/healthz") {
    return snapshot(false) ? HttpResponse{.body = "ok\n"} : not_answering();
  }
  if (request.path == "/readyz") return ready();
  if (request.path == "/metrics") return metrics();
  if (!is_own_host(request.host, host_)) {
    return {.code = 403, .body = "call this router by localhost or by its IP address\n"};
  }
  if (request.path == "/api/status") return status();
  if (request.path == "/") return page();
  return {.code = 404, .body = "there are /, /api/status, /metrics, /healthz and /readyz\n"};
}

HttpResponse Site::ready() const {
  const auto now = snapshot(false);
  if (!now) return not_answering();
  if (now->is_draining) return {.code = 503, .body = "the router ends\n"};
  return {.body = "ok\n"};
}

HttpResponse Site::metrics() const {
  const auto now = snapshot(false);
  if (!now) return not_answering();
  return {.type = "text/plain; version=0.0.4; charset=utf-8",
          .body = metrics_text(*now, ops::process_use())};
}

HttpResponse Site::status() const {
  const auto now = snapshot(true);
  if (!now) return not_answering();
  return {.type = "application/json", .body = status_json(*now, ops::process_use())};
}

std::optional<Snapshot> Site::snapshot(bool wants_rows) const {
  const auto reply = std::make_shared<Reply>();
  ask_(wants_rows, [reply](Snapshot snapshot) { reply->put(std::move(snapshot)); });
  return reply->wait();
}

bool is_own_host(std::string_view host, std::string_view own) {
  const auto parts = config::split_host_port(host);
  if (!parts) return false;
  const std::string& name = parts->host;
  in6_addr address{};
  return inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &address) == 1 ||
         strcasecmp(name.c_str(), "localhost") == 0 ||
         strcasecmp(name.c_str(), std::string(own).c_str()) == 0;
}

}  // namespace mm::admin
