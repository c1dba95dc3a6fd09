// SPDX-License-Identifier: MIT
// Identity: what the user shows to what is in front of a router, Cloud Run's IAM above all: a
// bearer token that a command of theirs prints. Our own credentials travel beside it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret.h"
#include "base/status.h"

namespace mm::transport {

class Identity {
 public:
  // `unix_time_s`: the time by which tokens end.
  Identity(std::string command, std::function<int64_t()> unix_time_s)
      : command_(std::move(command)), unix_time_s_(std::move(unix_time_s)) {}

  // A token that is good for a while: the last one, or a new one, for which the command is run by
  // /bin/sh. Blocks meanwhile, 30 s at most; from any thread. kUnavailable: it failed.
  base::StatusOr<base::Secret> token();

  // Ends a command that runs, and waits for who has asked for its token. token() fails from now on.
  void stop();

 private:
  base::StatusOr<std::string> run();
  base::StatusOr<std::string> read_all(int output) const;

  const std::string command_;
  const std::function<int64_t()> unix_time_s_;
  std::mutex running_;  // held by whoever runs the command: the others wait for its token
  base::Secret token_;
  int64_t good_until_s_ = 0;  // Unix time
  std::atomic<pid_t> child_{0};
  std::atomic<bool> is_stopped_{false};
};

// When a token ends: the "exp" of a JSON Web Token (RFC 7519); nothing: it is none, or says
// nothing. Nobody checks its signature here.
std::optional<int64_t> token_end_s(std::string_view token);

}  // namespace mm::transport
