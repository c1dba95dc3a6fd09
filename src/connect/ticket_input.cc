// SPDX-License-Identifier: MIT
#include "connect/ticket_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
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

// While it lives, SIGINT and SIGTERM end a wait, whenever they come and on whatever thread: a read
// would hear of those alone that come while it waits.
class Interruption {
 public:
  Interruption() {
    eventfd_t earlier = 0;
    eventfd_read(told(), &earlier);
    struct sigaction action {};
    action.sa_handler = [](int) {
      const int error = errno;
      eventfd_write(told(), 1);
      errno = error;
    };
    for (Before& each : before_) {
      sigaction(each.number, &action, &each.action);
      if (each.action.sa_handler == SIG_IGN) sigaction(each.number, &each.action, nullptr);
    }
  }
  ~Interruption() {
    for (const Before& each : before_) sigaction(each.number, &each.action, nullptr);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Waits until there is something to read. False: a signal came before.
  bool wait_readable(int fd) const {
    std::array<pollfd, 2> both = {{{told(), POLLIN, 0}, {fd, POLLIN, 0}}};
    while (poll(both.data(), both.size(), -1) < 0 && errno == EINTR) continue;
    return both[0].revents == 0;
  }

 private:
  struct Before {
    int number;
    struct sigaction action {};
  };

  // A handler may write to it; stays open, for one may still run on another thread.
  static int told() {
    static const int kEvent = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return kEvent;
  }

  std::array<Before, 2> before_ = {{{SIGINT}, {SIGTERM}}};
};

// The first line without its end, or as much as a ticket may have.
StatusOr<std::string> read_line(int fd) {
  const Interruption interruption;
  const Unseen unseen(fd);
  std::string line;
  char c = 0;
  ssize_t count = 0;
  while (line.size() < kTicketBytesMost) {
    if (!interruption.wait_readable(fd)) return base::error(Code::kCancelled, "interrupted");
    count = read(fd, &c, 1);
    if (count != 1 || c == '\n') break;
    line += c;
  }
  if (count < 0) return invalid(std::strerror(errno));
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
  StatusOr<std::string> line = read_line(fd);
  if (!is_input) close(fd);
  if (!line.ok()) return base::within(line.status(), "cannot read " + name);
  if (line->empty()) return invalid(name + " is empty: it must hold a ticket");
  auto ticket = config::parse_ticket(*line);
  base::wipe(*line);
  if (!ticket.ok()) return base::within(ticket.status(), name);
  return ticket;
}

}  // namespace mm::connect
