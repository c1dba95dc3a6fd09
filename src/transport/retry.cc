// SPDX-License-Identifier: MIT
#include "transport/retry.h"

namespace mm::transport {
namespace {

using base::Code;
using base::ExitCode;

// A front end that is just being redeployed may answer once for a router; three times is no
// accident.
constexpr int kStrangersMost = 3;

}  // namespace

Retry::Decision Retry::on_failure(const base::Status& status, base::TimePoint now) {
  switch (status.code()) {
    case Code::kFailedPrecondition:
      if (++strangers_ >= kStrangersMost || no_wait_) return {{}, ExitCode::kRouterUnreachable};
      break;
    case Code::kAlreadyExists:
      return {{}, ExitCode::kNameTaken};
    case Code::kInvalidArgument:
      return {{}, ExitCode::kUsage};
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return {{}, ExitCode::kNotAllowed};
    case Code::kNotFound:
      strangers_ = 0;
      if (no_wait_) return {{}, ExitCode::kNoSuchService};
      break;
    default:
      strangers_ = 0;
      if (no_wait_) return {{}, ExitCode::kRouterUnreachable};
      break;
  }
  return {backoff_.next(now), ExitCode::kDone};
}

void Retry::reset() {
  strangers_ = 0;
  backoff_.reset();
}

}  // namespace mm::transport
