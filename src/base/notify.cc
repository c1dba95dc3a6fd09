// SPDX-License-Identifier: MIT
#include "base/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace mm::base {

Status notify(const std::string& socket, std::string_view state) {
  if (socket.empty()) return absl::OkStatus();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool is_abstract = socket.front() == '@';
  if ((!is_abstract && socket.front() != '/') || socket.size() >= sizeof address.sun_path) {
    return error(Code::kUnavailable, "not a socket's address");
  }
  std::copy(socket.begin(), socket.end(), address.sun_path);
  if (is_abstract) address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const ssize_t sent = sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), length);
  const int reason = sent < 0 ? errno : 0;
  if (fd >= 0) close(fd);
  return reason == 0 ? absl::OkStatus() : error(Code::kUnavailable, std::strerror(reason));
}

}  // namespace mm::base
