// SPDX-License-Identifier: MIT
// NetworkWatch: tells when connections that are open are probably dead, long before they say so
// themselves: the machine woke from sleep, or its way to an address is another one than before.
// Used by share and connect, which then dial again at once. Linux: rtnetlink, timerfd.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "net/loop.h"

namespace mm::net {

// What is compared, and what a difference means. Pure.
class NetworkState {
 public:
  struct Reading {
    base::Duration suspended{};  // how long the machine has slept since it started
    std::string source;          // the address that a connection would come from; empty: none
  };

  explicit NetworkState(Reading first);

  // Why connections from before are probably dead, for people; empty: they are not.
  std::string compare(Reading now);

 private:
  base::Duration suspended_;
  std::string source_;  // the last that there was
  bool was_cut_off_;
};

class NetworkWatch {
 public:
  // `host`: where connections lead to, a name or an address; of a name it is the way to the
  // internet that is watched, since asking for its address takes a network. Calls back on the
  // loop, which outlives it. Where the system does not tell, nothing is ever said.
  NetworkWatch(Loop& loop, std::string host, std::function<void(const std::string& why)> on_change);
  ~NetworkWatch();
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the waits under way
};

}  // namespace mm::net
