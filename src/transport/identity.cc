// SPDX-License-Identifier: MIT
#include "transport/identity.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "base/base64url.h"
#include "base/clock.h"
#include "config/json.h"
#include "net/fd.h"

namespace mm::transport {
namespace {

using base::Status;
using base::StatusOr;

constexpr base::Duration kPatience = std::chrono::seconds(30);
constexpr int kLookMs = 100;  // how often it is looked whether anybody still wants a token
constexpr size_t kTokenBytesMost = 16 << 10;  // as much as a header can be

// A token is not used in the last minute that it has: a call takes a while to arrive.
constexpr int64_t kMarginS = 60;
// What says nothing about its end is asked for again after so long; what has ended as it comes, or
// will soon, is not asked for with every call.
constexpr int64_t kUnknownLifeS = 300;
constexpr int64_t kLeastLifeS = 10;

Status failed(const std::string& why) {
  return base::error(base::Code::kUnavailable, "the identity command " + why);
}

// Its output without the line's end; a header can have no other control character.
StatusOr<std::string> token_in(std::string output) {
  while (!output.empty() && (output.back() == '\n' || output.back() == '\r')) output.pop_back();
  const bool is_sendable =
      std::all_of(output.begin(), output.end(), [](const char c) { return '!' <= c && c <= '~'; });
  if (output.empty()) return failed("printed nothing: it must print a token");
  if (!is_sendable) return failed("printed more than one token: it must print nothing else");
  return output;
}

}  // namespace

StatusOr<base::Secret> Identity::token() {
  const std::lock_guard<std::mutex> lock(running_);
  if (is_stopped_) return failed("was ended");
  const int64_t now_s = unix_time_s_();
  if (now_s < good_until_s_) return token_;
  StatusOr<std::string> output = run();
  if (!output.ok()) return output.status();
  StatusOr<std::string> token = token_in(*std::move(output));
  if (!token.ok()) return token.status();
  const std::optional<int64_t> end_s = token_end_s(*token);
  good_until_s_ = std::max(end_s ? *end_s - kMarginS : now_s + kUnknownLifeS, now_s + kLeastLifeS);
  token_ = base::Secret(*std::move(token));
  return token_;
}

void Identity::stop() {
  is_stopped_ = true;
  if (const pid_t child = child_; child > 0) kill(-child, SIGKILL);
  const std::lock_guard<std::mutex> lock(running_);
}

// In a process group of its own, so that whatever it has started can be ended with it.
StatusOr<std::string> Identity::run() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed(std::strerror(errno));
  const net::Fd output(ends[0]);
  net::Fd input(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  sigset_t usual;  // we ignore it, and a shell's pipes rely on it
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  std::string shell = "/bin/sh", flag = "-c", command = command_;
  char* const arguments[] = {shell.data(), flag.data(), command.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, shell.c_str(), &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return failed(std::string("cannot be run: ") + std::strerror(error));
  input = net::Fd();
  child_ = child;
  if (is_stopped_) kill(-child, SIGKILL);

  const StatusOr<std::string> text = read_all(output.get());
  if (!text.ok()) kill(-child, SIGKILL);
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    continue;
  }
  child_ = 0;  // while nobody else can have its number yet
  int state = 0;
  waitpid(child, &state, 0);
  if (is_stopped_) return failed("was ended");
  if (!text.ok()) return text;
  if (WIFSIGNALED(state)) return failed("was ended by signal " + std::to_string(WTERMSIG(state)));
  if (WEXITSTATUS(state) != 0) {
    return failed("failed with exit code " + std::to_string(WEXITSTATUS(state)) +
                  ": run it by hand to see why");
  }
  return text;
}

// Until its other end is closed, in time.
StatusOr<std::string> Identity::read_all(int output) const {
  const base::SystemClock clock;
  const base::TimePoint deadline = clock.now() + kPatience;
  std::string text;
  while (!is_stopped_) {
    if (clock.now() >= deadline) return failed("took longer than 30 s");
    pollfd readable{output, POLLIN, 0};
    if (poll(&readable, 1, kLookMs) <= 0) continue;
    char block[4096];
    const ssize_t bytes = read(output, block, sizeof block);
    if (bytes <= 0) return text;
    text.append(block, static_cast<size_t>(bytes));
    if (text.size() > kTokenBytesMost)
      return failed("printed more than one token: it must print nothing else");
  }
  return failed("was ended");
}

std::optional<int64_t> token_end_s(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto payload = base::from_base64url(token.substr(first + 1, second - first - 1));
  if (!payload) return std::nullopt;
  const auto json = config::parse_json(*payload, "token");
  if (!json.ok() || json->kind != config::Json::Kind::kObject) return std::nullopt;
  for (size_t i = 0; i < json->items.size(); ++i) {
    const config::Json& value = json->items[i];
    if (json->keys[i] != "exp" || value.kind != config::Json::Kind::kNumber) continue;
    int64_t end_s = 0;
    const char* const text_end = value.text.data() + value.text.size();
    const auto [end, error] = std::from_chars(value.text.data(), text_end, end_s);
    if (error == std::errc() && end == text_end && end_s > 0) return end_s;
  }
  return std::nullopt;
}

}  // namespace mm::transport
