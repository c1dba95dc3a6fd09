// SPDX-License-Identifier: MIT
#include "doctor/context.h"

#include <chrono>
#include <cstdio>

namespace mm::doctor {

std::string text_of(base::Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  constexpr double kHour = 3'600;
  char text[32];
  if (seconds >= 2 * kHour) {
    std::snprintf(text, sizeof text, "%.0f h", seconds / kHour);
  } else if (seconds >= 1) {
    std::snprintf(text, sizeof text, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
  } else {
    const double ms = seconds * 1'000;
    std::snprintf(text, sizeof text, ms < 1 ? "%.2f ms" : ms < 10 ? "%.1f ms" : "%.0f ms", ms);
  }
  return text;
}

}  // namespace mm::doctor
