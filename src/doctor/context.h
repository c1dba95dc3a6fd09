// SPDX-License-Identifier: MIT
// What the checks of doctor share, and how one waits: they run one after the other, so each runs
// the loop until it knows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/random.h"
#include "config/config.h"
#include "doctor/report.h"
#include "net/loop.h"
#include "transport/router_client.h"

namespace mm::doctor {

// Borrowed, and outlives them.
struct Context {
  net::Loop& loop;
  base::Random& random;
  transport::RouterClient& router;
  const config::Common& common;  // its router is the one that is asked
  const config::DoctorConfig& config;
  Report& report;
};

// Runs the loop until `is_over`, or for `most`. Whatever may make it so calls loop.stop().
inline void run_until(net::Loop& loop, base::Duration most, const std::function<bool()>& is_over) {
  bool is_late = false;
  net::Timer timer(loop);
  timer.after(most, [&] {
    is_late = true;
    loop.stop();
  });
  while (!is_late && !is_over()) loop.run();
}

// What `start` gives to the handler that it is called with, which happens by itself.
template <typename Answer>
Answer await(net::Loop& loop, const std::function<void(std::function<void(Answer)>)>& start) {
  std::optional<Answer> answer;
  start([&](Answer given) {
    answer.emplace(std::move(given));
    loop.stop();
  });
  while (!answer) loop.run();
  return *std::move(answer);
}

// "0.35 ms", "12 ms", "5.0 s".
std::string text_of(base::Duration duration);

}  // namespace mm::doctor
