// SPDX-License-Identifier: MIT
#include "base/status.h"

#include <cerrno>
#include <cstring>

namespace mm::base {

Status error(Code code, std::string_view message) {
  return Status(code, absl::string_view(message.data(), message.size()));
}

Status within(const Status& status, std::string_view clause) {
  if (status.ok()) return status;
  return error(status.code(), std::string(clause) + ": " + message(status));
}

std::string message(const Status& status) {
  return std::string(status.message().data(), status.message().size());
}

Status errno_error(int error_number, std::string_view clause) {
  Code code = Code::kUnknown;
  switch (error_number) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ETIMEDOUT:
      code = Code::kUnavailable;
      break;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      code = Code::kAborted;
      break;
    case ENOENT:
      code = Code::kNotFound;
      break;
    case EACCES:
    case EPERM:
      code = Code::kPermissionDenied;
      break;
    case EADDRINUSE:
      code = Code::kAlreadyExists;
      break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      code = Code::kResourceExhausted;
      break;
    default:
      break;
  }
  return error(code, std::string(clause) + ": " + std::strerror(error_number));
}

}  // namespace mm::base
