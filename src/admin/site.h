// SPDX-License-Identifier: MIT
// Site: what the admin address answers: metrics, health, status, and the page that shows them.
// Started by router's command. Tells names and addresses, no secret; changes nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/http_server.h"
#include "admin/snapshot.h"
#include "base/address.h"
#include "base/status.h"

namespace mm::admin {

class Site {
 public:
  // Asks the router: `answer` may be called later, on any thread, once or never.
  using Ask = std::function<void(bool wants_rows, std::function<void(Snapshot)> answer)>;

  // Serves until it is destroyed. Errors as HttpServer::start.
  static base::StatusOr<std::unique_ptr<Site>> start(const base::Address& address, Ask ask);

  const std::vector<std::string>& addresses() const { return server_->addresses(); }

 private:
  Site(const base::Address& address, Ask ask) : host_(address.host), ask_(std::move(ask)) {}

  HttpResponse answer(const HttpRequest& request) const;
  HttpResponse metrics() const;
  HttpResponse ready() const;
  HttpResponse status() const;
  std::optional<Snapshot> snapshot(bool wants_rows) const;  // nothing: it does not answer

  const std::string host_;
  const Ask ask_;
  std::unique_ptr<HttpServer> server_;  // last: it goes first
};

// Whether a request that names `host` ("localhost:6354") may see what has names: it came by an IP
// address, by localhost, or by `own`, where it listens. A page of somebody's web server can make a
// browser ask us under a name of theirs that leads here, and then read the answer.
bool is_own_host(std::string_view host, std::string_view own);

}  // namespace mm::admin
