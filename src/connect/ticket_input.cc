// SPDX-License-Identifier: MIT
#include "connect/ticket_input.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/secret.h"
#include "base/text.h"
#include "config/ticket.h"

namespace mm::connect {
namespace {

using base::Code;
using base::Status;
using base::StatusOr;

constexpr size_t kTicketBytesMost = 4'096;

Status invalid(const std::string& message) { return base::error(Code::kInvalidArgument, message); }

// While it lives, the terminal does not show what is typed.
class Unseen {
 public:
  explicit Unseen(int fd) : fd_(fd) {
    termios now{};
    if (tcgetattr(fd, &now) != 0) return;
    before_ = now;
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(fd, TCSAFLUSH, &now);
    constexpr std::string_view kPrompt = "ticket: ";
    [[maybe_unused]] const ssize_t asked = write(STDERR_FILENO, kPrompt.data(), kPrompt.size());
  }
  ~Unseen() {
    if (!before_) return;
    tcsetattr(fd_, TCSAFLUSH, &*before_);
    [[maybe_unused]] const ssize_t ended = write(STDERR_FILENO, "\n", 1);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  const int fd_;
  std::optional<termios> before_;  // nothing: it is no terminal
};

// The first line without its end, or as much as a ticket may have.
StatusOr<std::string> read_line(int fd) {
  std::string line;
  char c = 0;
  ssize_t count = 0;
  while (line.size() < kTicketBytesMost && (count = read(fd, &c, 1)) == 1 && c != '\n') line += c;
  if (count < 0) {
    return base::error(errno == EINTR ? Code::kCancelled : Code::kInvalidArgument,
                       std::strerror(errno));
  }
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace

StatusOr<config::Ticket> read_ticket(const std::string& path) {
  const bool is_input = path == "-";
  const int fd = is_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const std::string name =
      is_input ? "standard input" : "the ticket file " + base::printable_path(path);
  if (fd < 0) return invalid("cannot read " + name + ": " + std::strerror(errno));
  StatusOr<std::string> line = [fd] {
    const Unseen unseen(fd);
    return read_line(fd);
  }();
  if (!is_input) close(fd);
  if (!line.ok()) return base::within(line.status(), "cannot read " + name);
  if (line->empty()) return invalid(name + " is empty: it must hold a ticket");
  auto ticket = config::parse_ticket(*line);
  base::wipe(*line);
  if (!ticket.ok()) return base::within(ticket.status(), name);
  return ticket;
}

}  // namespace mm::connect
