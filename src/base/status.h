// SPDX-License-Identifier: MIT
// The error type of every layer: Abseil's Status and StatusOr, made, extended and read with
// std::string. (In Debian's build absl::string_view is not std::string_view, so nothing else of
// Abseil is used, and nobody but this file touches its strings.)
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace mm::base {

using Status = absl::Status;
using Code = absl::StatusCode;

template <typename T>
using StatusOr = absl::StatusOr<T>;

// An error. `message` is for people: lower case, what failed, on what, and why; no full stop.
Status error(Code code, std::string_view message);

// The same error with one more clause in front: "clause: message". An OK status stays OK.
Status within(const Status& status, std::string_view clause);

std::string message(const Status& status);

// "connect: Connection refused" for an errno value, with the code that a caller can act on.
Status errno_error(int error_number, std::string_view clause);

}  // namespace mm::base
