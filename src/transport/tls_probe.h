// SPDX-License-Identifier: MIT
// TlsProbe: finds out why a dial failed, which gRPC's texts do not tell: shakes hands with the same
// port once more, by OpenSSL, and says what it saw. Sends nothing of the user's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "config/config.h"
#include "net/loop.h"

namespace mm::transport {

struct TlsAnswer {
  bool speaks_tls = false;
  // What is wrong with its certificate, for people: "has expired (on 2026-11-24)"; empty: nothing,
  // or it was not seen. And what to do about it.
  std::string untrusted;
  std::string remedy;
  bool lacks_http2 = false;  // by its own word (ALPN)
  std::string until;         // the last day of its certificate, "2026-11-24"; empty: not seen
};

class TlsProbe {
 public:
  // Calls `then` once, on the loop, within 3 s; it may destroy the probe. `ca_file`: as
  // RouterClient::Options.
  TlsProbe(net::Loop& loop, const config::RouterUrl& router, const std::string& ca_file,
           std::function<void(const TlsAnswer&)> then);
  ~TlsProbe();  // gives up: `then` is not called any more
  TlsProbe(const TlsProbe&) = delete;
  TlsProbe& operator=(const TlsProbe&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mm::transport
