// SPDX-License-Identifier: MIT
// What a running command tells: a line for people on standard error, and with --json one object a
// line on standard output. The objects are a contract: scripts wait for them instead of sleeping.
// A service manager that asks for it is told how the whole command does. Loop thread only.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/exit_code.h"
#include "base/status.h"
#include "config/config.h"
#include "config/json.h"

namespace mm::config {

// A descriptor that takes lines. A reader that is gone, or a full disk, loses lines and ends
// nothing; one that stands still holds the caller up for a second once, and loses lines until it
// reads on.
class LineOutput {
 public:
  explicit LineOutput(int fd) : fd_(fd) {}

  void write(std::string line);

 private:
  int fd_;
  bool is_stalled_ = false;
};

// Shows what is told to people, in place of standard error (screen/live.h).
class Audience {
 public:
  virtual ~Audience() = default;

  // `is_lasting`: worth its place for as long as the command runs.
  virtual void on_line(std::string_view line, bool is_lasting) = 0;
  virtual void on_connection_open(std::string_view id, std::string_view service,
                                  std::string_view guest) = 0;
  virtual void on_connection_closed(std::string_view id, uint64_t up_bytes, uint64_t down_bytes,
                                    std::string_view why) = 0;
  virtual void on_router(const std::string& url, bool is_online) = 0;
  virtual void on_round_trip(base::Duration round_trip) = 0;
  virtual void on_stopping() = 0;
};

class Events {
 public:
  // The descriptors are borrowed.
  explicit Events(const Common& common, int output_fd = STDOUT_FILENO,
                  int error_fd = STDERR_FILENO);

  // From now on people read it there; null: on standard error. Borrowed.
  void set_audience(Audience* audience) { audience_ = audience; }

  // router: it can be reached at `address` ("127.0.0.1:6353"). `url`: what others have to call it,
  // with its pin; empty: by its name.
  void router_listening(std::string_view address, std::string_view url);
  // router: it shows itself at `address`.
  void admin_listening(std::string_view address);
  // router: a pass was made for `id`. It is the only output, so that a script can take it.
  void new_pass(std::string_view id, const base::Secret& pass, std::string_view auth_file);
  // A ticket that a share hands out.
  struct Invitation {
    std::string guest;  // empty: whoever has it
    base::Secret ticket;
    std::optional<int64_t> expires_s;  // Unix time; nothing: with this process
  };
  // share: the router holds `name` for us. `needs_ticket`: the name alone is not enough for who is
  // to connect; nothing in place of invitations: it is not encrypted, and open to whom the router
  // lets in.
  void sharing(std::string_view name, const Endpoint& target,
               const std::optional<std::vector<Invitation>>& invitations, bool needs_ticket);
  // connect: applications can connect to `address` ("127.0.0.1:8080", "unix:/path", "-").
  void listening(std::string_view service, std::string_view address);
  // share: `guest` is whose ticket opened it, as for people; empty: not known, or the owner's.
  void connection_open(std::string_view id, std::string_view service, std::string_view guest = "");
  // `why`: "done", or why it was reset.
  void connection_closed(std::string_view id, std::string_view service, uint64_t up_bytes,
                         uint64_t down_bytes, std::string_view why);
  // The router answers; `away`: for how long it had not, if that was told. `connections`: that go
  // on, or wait.
  void router_online(std::optional<base::Duration> away, size_t connections);
  void router_offline(std::string_view why, size_t connections);
  // How long a word to the router and back takes. For people only.
  void round_trip(base::Duration round_trip);
  // The router did not do what it was asked, and is not asked again: the command ends with this.
  void given_up(const base::Status& status, base::ExitCode exit_code);
  // Something failed and the command goes on, or ends with this as its last word. The code
  // "router" adds what to do where no router was named.
  void error(std::string_view code, std::string_view message);
  // For people only.
  void note(std::string_view text);

  // For the service manager. ready(): everything that was asked for is there, for the first time or
  // again after reloading().
  void ready();
  void reloading();
  void stopping();  // the command waits for its last connections

 private:
  void tell(std::string_view text, bool is_lasting = false);  // unless -q
  void say(std::string line, bool is_lasting);
  void publish(const Json& event);  // with --json
  void notify(std::string_view state);

  Common common_;
  LineOutput output_;
  LineOutput errors_;
  Audience* audience_ = nullptr;
};

}  // namespace mm::config
