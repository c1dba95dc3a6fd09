// SPDX-License-Identifier: MIT
// A TCP server on a free port of 127.0.0.1 that is no router: it treats every connection by a
// function of the test's, in a thread of its own.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "config/config.h"

namespace mm::test {

class RawServer {
 public:
  // `serve` runs for one connection after the other and need not close it.
  explicit RawServer(std::function<void(int connection)> serve);
  ~RawServer();  // ends the connection, and waits until serve() sees it

  config::RouterUrl url() const { return url_; }

 private:
  void accept_all(const std::function<void(int)>& serve);
  int accept_next();  // 0: no more

  int listener_ = -1;
  config::RouterUrl url_;
  std::mutex mutex_;
  int connection_ = -1;   // under mutex_
  bool closing_ = false;  // under mutex_
  std::thread thread_;
};

// Reads once, sends `answer`, and reads until the client goes away.
void answer_once(int connection, const std::string& answer);

// Speaks enough HTTP/2 to answer the first request with this status and nothing else.
void answer_http2(int connection, const std::string& status);

}  // namespace mm::test
