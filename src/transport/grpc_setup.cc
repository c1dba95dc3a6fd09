// SPDX-License-Identifier: MIT
#include "transport/grpc_setup.h"

#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <cstdlib>
#include <string>

#include "ops/log.h"

namespace mm::transport {
namespace {

void forward_line(gpr_log_func_args* line) {
  ops::log(ops::Level::kDebug, "grpc.log",
           {{"severity", gpr_log_severity_string(line->severity)}, {"text", line->message}});
}

// Protobuf complains of text that is not UTF-8: of a user's host name, or from a peer.
void forward_protobuf_line(google::protobuf::LogLevel, const char*, int,
                           const std::string& message) {
  ops::log(ops::Level::kDebug, "protobuf.log", {{"text", message}});
}

bool set_up() {
  if (!ops::log_enabled(ops::Level::kTrace)) unsetenv("GRPC_TRACE");
  gpr_set_log_function(forward_line);
  google::protobuf::SetLogHandler(forward_protobuf_line);
  // gRPC's mutexes are Abseil's. Debian builds them to look for deadlocks each time that one is
  // locked, which took a tenth of all processor time of a small message.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return true;
}

}  // namespace

void set_up_grpc() {
  // Once: protobuf's handler may not be set while another thread logs.
  [[maybe_unused]] static const bool kDone = set_up();
}

}  // namespace mm::transport
