// SPDX-License-Identifier: MIT
// HttpServer: libevent's HTTP server on a thread of its own, as much of it as the admin address
// needs: GET and HEAD, small requests, few connections. Knows nothing of what it serves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/status.h"

namespace mm::admin {

struct HttpRequest {
  std::string path;  // without what follows a ?
  std::string host;  // the Host header, as it came; empty: there is none
};

struct HttpResponse {
  int code = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string_view, std::string_view>> headers = {};
};

class HttpServer {
 public:
  // Called on the server's thread, one after the other: while one takes its time, others wait.
  using Answer = std::function<HttpResponse(const HttpRequest&)>;

  // Serves at once, until it is destroyed. `address` is kTcp. Errors as net::bind_all.
  static base::StatusOr<std::unique_ptr<HttpServer>> start(const base::Address& address,
                                                           Answer answer);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // As bound: "127.0.0.1:6354". At least one.
  const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  struct Impl;
  HttpServer();

  const std::unique_ptr<Impl> impl_;
  std::vector<std::string> addresses_;
  std::thread thread_;
};

}  // namespace mm::admin
