// SPDX-License-Identifier: MIT
#include "transport/grpc_log.h"

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

bool capture() {
  if (!ops::log_enabled(ops::Level::kTrace)) unsetenv("GRPC_TRACE");
  gpr_set_log_function(forward_line);
  google::protobuf::SetLogHandler(forward_protobuf_line);
  return true;
}

}  // namespace

void capture_grpc_log() {
  // Once: protobuf's handler may not be set while another thread logs.
  [[maybe_unused]] static bool captured = capture();
}

}  // namespace mm::transport
