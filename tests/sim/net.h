// SPDX-License-Identifier: MIT
// The network of the simulation: routers that can be killed, and calls to them whose messages come
// late, or not at all. Everything runs on one loop with a clock of the world's own.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "router/switchboard.h"
#include "sim/ledgers.h"
#include "transport/router_client.h"
#include "unit/manual_clock.h"
#include "unit/seeded_random.h"

namespace mm::sim {

// A process's way to the routers.
struct Link {
  base::TimePoint paused_until{};      // nothing passes; nothing is lost either
  base::TimePoint lanes_lost_until{};  // as soon as they are opened
  base::TimePoint lanes_late_until{};  // what is said on them comes up to 30 s late
};

// What an end said on a lane at first, and the router heard.
struct LaneOpening {
  const Link* link;
  transport::LaneRequest request;
  std::string first_message;
};

struct Router {
  std::unique_ptr<router::Switchboard> switchboard;  // null: it is down
};

class Call;

class Net {
 public:
  // Calls are cut when they are that old; routers may have lanes moved at some age.
  Net(test::ManualClock& clock, uint64_t seed, std::optional<base::Duration> calls_last,
      bool lanes_age);
  ~Net();

  net::Loop& loop() { return loop_; }
  test::SeededRandom& random() { return random_; }

  Router& router(size_t index) { return routers_[index]; }
  void start_router(size_t index);
  void kill_router(size_t index);

  // Where new calls go; what runs stays where it is.
  void route_to(size_t index) { route_ = index; }
  Router& route() { return routers_[route_]; }

  // Loses a call that runs, with any of what is on its way in each direction.
  void cut_one();
  void cut_all(const Link& link);
  void cut_all();

  // Cuts the lane that brings a message to a router or an end, when it is that many's last.
  void cut_lane_at(uint64_t messages) { cut_lane_at_ = messages; }
  void lane_message_arrived(Call& call);
  uint64_t lane_messages() const { return lane_messages_; }

  // A process is killed: what it had sent and is on its way is gone with it.
  void kill_process(const Link& link);

  // Once, on the loop, after a while.
  void after(base::Duration delay, std::function<void()> handler);

  base::Duration delay(const Link& link);  // of one message

  void add(const std::shared_ptr<Call>& call);
  std::shared_ptr<Ledger> lane_opened(const transport::LaneRequest& request) {
    ++lanes_;
    return ledgers_.open_lane(request);
  }
  Ledgers& ledgers() { return ledgers_; }
  size_t lanes() const { return lanes_; }  // that the ends have opened

  // Delivers again what some end said when it opened a lane, with nobody there who would go on;
  // within 20 s the network cuts that.
  void repeat_lane();
  void remember(LaneOpening opening);

  void note(uint64_t value);  // into the trace
  uint64_t trace() const { return trace_; }

 private:
  void cut_if(const std::function<bool(const Call&)>& is_meant);

  test::ManualClock& clock_;
  net::Loop loop_;
  test::SeededRandom random_;
  router::Limits limits_;
  std::vector<Router> routers_{2};
  size_t route_ = 0;
  const std::optional<base::Duration> calls_last_;
  std::vector<std::weak_ptr<Call>> calls_;
  size_t lanes_ = 0;
  Ledgers ledgers_;
  uint64_t lane_messages_ = 0;
  std::optional<uint64_t> cut_lane_at_;
  std::deque<LaneOpening> openings_;  // the last ones
  std::deque<std::unique_ptr<net::Timer>> timers_;
  std::vector<std::unique_ptr<router::Switchboard>> graves_;  // what they posted may still run
  uint64_t trace_ = 0;
};

// One direction of a call: what is put in comes out in order, and late.
class Way {
 public:
  Way(Net& net, const Link& link) : net_(net), link_(link), timer_(net.loop()) {}

  void put(std::function<void()> deliver);

  // Loses any suffix of what is on its way; `end` comes behind the rest.
  void cut(std::function<void()> end);

  void drop() { std::exchange(queue_, {}).clear(); }

  // Nothing comes out before that.
  void hold_up(base::TimePoint until) { held_until_ = until; }

 private:
  void arm();
  void deliver_one();

  Net& net_;
  const Link& link_;
  std::deque<std::function<void()>> queue_;
  base::TimePoint held_until_{};
  net::Timer timer_;
};

// A stream between a process and the router that it reached.
class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(Net& net, const Link& link)
      : net_(net),
        link_(link),
        router_(net.route().switchboard.get()),
        up_(net, link),
        down_(net, link) {}
  virtual ~Call() = default;

  virtual void cut() = 0;  // the network loses it
  void lose_sent() { up_.drop(); }

  // The world ends: forgets what is on its way.
  virtual void drop() {
    up_.drop();
    down_.drop();
  }

  const Link& link() const { return link_; }
  const router::Switchboard* router() const { return router_; }

 protected:
  // Null: the router that it reached is no more.
  router::Switchboard* live_router() const;

  Net& net_;
  const Link& link_;
  router::Switchboard* const router_;  // as it was when the call was made; may be gone
  Way up_;
  Way down_;
};

// RouterClient over the simulated network; one for each process.
class Client final : public transport::RouterClient {
 public:
  Client(Net& net, const Link& link) : net_(net), link_(link) {}
  ~Client() override { *alive_ = false; }

  void forward_to_service(
      const transport::ForwardRequest& request,
      std::function<void(base::StatusOr<transport::Forwards>)> handler) override;
  void renew() override {}
  void reconnect(const std::string&) override { net_.cut_all(link_); }
  void find_router(std::function<void(base::StatusOr<std::string>)> handler) override;
  void list_services(const transport::ListRequest&,
                     std::function<void(base::StatusOr<transport::Listing>)> handler) override;
  std::unique_ptr<transport::Registration> create_service(
      transport::RegistrationRequest request, transport::Registration::Listener& listener) override;
  std::unique_ptr<wire::Lane> open_lane(const transport::LaneRequest& request,
                                        wire::Lane::Listener& listener) override;

 private:
  void answer(std::function<void(router::Switchboard*)> handler);

  Net& net_;
  const Link& link_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace mm::sim
