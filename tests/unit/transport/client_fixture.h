// SPDX-License-Identifier: MIT
// What the client's tests share: a loop that runs until something has happened, and listeners that
// note what they are told.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "transport/loop_queue.h"
#include "transport/router_client.h"

namespace mm::test {

using base::Code;
using transport::RouterClient;

inline std::string words(const base::Status& status) { return base::message(status); }

// Runs the loop, from one noted event to the next, until `done`.
class EventLoop {
 public:
  void note_event() { loop.stop(); }

  void run_until(const std::function<bool()>& done) {
    bool expired = false;
    net::Timer deadline(loop);
    deadline.after(std::chrono::seconds(30), [&] {
      expired = true;
      loop.stop();
    });
    while (!done() && !expired) loop.run();
    REQUIRE_MESSAGE(!expired, "what the test waits for did not happen within 30 s");
  }

  // Runs everything that is posted now.
  void run_posted() {
    bool reached = false;
    loop.post([&] {
      reached = true;
      loop.stop();
    });
    run_until([&] { return reached; });
  }

  transport::LoopQueue queue;
  net::Loop loop{queue};
};

// A lane and what it said.
class LaneLog final : public wire::Lane::Listener {
 public:
  explicit LaneLog(EventLoop& events) : events_(events) {}

  void on_message(std::vector<base::Bytes> message) override {
    const auto frame = wire::decode(message);
    REQUIRE(frame.ok());
    for (const base::Bytes& piece : frame->data) data += piece.text();
    messages++;
    note();
  }
  void on_written() override {
    written++;
    note();
  }
  void on_closed(const base::Status& status) override {
    CHECK(!closed);
    closed = status;
    note();
  }

  void write(std::string_view text) { lane->write(frame_of(text)); }
  void write_last(std::string_view text) { lane->write_last(frame_of(text)); }

  std::function<void()> then;  // runs within each callback
  std::unique_ptr<wire::Lane> lane;
  std::string data;
  size_t messages = 0;
  size_t written = 0;
  std::optional<base::Status> closed;

 private:
  static wire::EncodedFrame frame_of(std::string_view text) {
    wire::Frame frame;
    if (!text.empty()) frame.data.push_back(base::Bytes::copy_of(text));
    return wire::encode(std::move(frame));
  }
  void note() {
    events_.note_event();
    if (then) then();
  }

  EventLoop& events_;
};

class RegistrationLog final : public transport::Registration::Listener {
 public:
  explicit RegistrationLog(EventLoop& events) : events_(events) {}

  void on_registered(const std::string& router_instance, const std::string& public_url) override {
    note("registered " + router_instance + (public_url.empty() ? "" : " at " + public_url));
  }
  void on_forward(const base::Token& token, uint64_t generation) override {
    note("forward " + token.reveal().substr(0, 4) + " " + std::to_string(generation));
  }
  void on_superseded() override { note("superseded"); }
  void on_draining() override { note("draining"); }
  void on_move(const base::Token& token) override { note("move " + token.reveal().substr(0, 4)); }
  void on_ended(const base::Status& status) override {
    CHECK(!ended);
    ended = status;
    note("ended");
  }

  std::unique_ptr<transport::Registration> registration;
  std::vector<std::string> heard;
  std::optional<base::Status> ended;

 private:
  void note(std::string what) {
    heard.push_back(std::move(what));
    events_.note_event();
  }

  EventLoop& events_;
};

inline std::unique_ptr<RouterClient> open_client(EventLoop& events, const config::RouterUrl& router,
                                                 const std::string& ca_file = {},
                                                 transport::CallTiming timing = {}) {
  auto client = RouterClient::open(events.loop, events.queue,
                                   {.router = router, .ca_file = ca_file, .timing = timing});
  REQUIRE(client.ok());
  return *std::move(client);
}

// Opens a lane with a token of its own.
inline void open_lane(RouterClient& client, LaneLog& log) {
  base::SystemRandom random;
  log.lane = client.open_lane({.token = base::Token::random(random),
                               .service = "web",
                               .generation = 0,
                               .share_instance = {}},
                              log);
}

// The same, and writes its first message.
inline void open_lane(RouterClient& client, LaneLog& log, std::string_view first) {
  open_lane(client, log);
  log.write(first);
}

inline void register_web(RouterClient& client, RegistrationLog& log) {
  log.registration = client.create_service({.name = "web",
                                            .port_hint = 3000,
                                            .owner_proof = "proof",
                                            .label = "ann@host",
                                            .share_instance = {}},
                                           log);
}

// What a call to the router ends with.
inline base::Status list_status(EventLoop& events, RouterClient& client) {
  std::optional<base::Status> status;
  client.list_services({}, [&](const auto& services) {
    status = services.status();
    events.note_event();
  });
  CHECK(!status);  // never from within the call
  events.run_until([&] { return status.has_value(); });
  return *status;
}

}  // namespace mm::test
