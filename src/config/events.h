// SPDX-License-Identifier: MIT
// What a running command tells: a line for people on standard error, and with --json one object a
// line on standard output. The objects are a contract: scripts wait for them instead of sleeping.
// Loop thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"

namespace mm::config {

class Events {
 public:
  explicit Events(const Common& common);

  // router: it can be reached at `address` ("127.0.0.1:6353").
  void router_listening(std::string_view address);
  // share: the router holds `name` for us.
  void sharing(std::string_view name, const Endpoint& target);
  // connect: applications can connect to `address` ("127.0.0.1:8080", "unix:/path", "-").
  void listening(std::string_view service, std::string_view address);
  void connection_open(std::string_view id, std::string_view service);
  // `why`: "done", or why it was reset.
  void connection_closed(std::string_view id, std::string_view service, uint64_t up_bytes,
                         uint64_t down_bytes, std::string_view why);
  void router_online();
  void router_offline(std::string_view why);
  // Something failed and the command goes on, or ends with this as its last word.
  void error(std::string_view code, std::string_view message);
  // For people only.
  void note(std::string_view text);

 private:
  void tell(std::string_view text);  // unless -q

  Common common_;
};

}  // namespace mm::config
