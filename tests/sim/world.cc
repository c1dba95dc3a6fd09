// SPDX-License-Identifier: MIT
#include "sim/world.h"

#include <algorithm>
#include <utility>

namespace mm::sim {
namespace {

using namespace std::chrono_literals;

// What is left to do when nothing goes wrong any more: the longest is a tunnel that waits for its
// grace, and a service that is away for as long.
constexpr base::Duration kPatience = 40min;
constexpr uint64_t kStepsMost = 200'000;
constexpr base::Duration kStepMost = 500ms;  // applications act at each step

}  // namespace

World::World(uint64_t seed, const Plan& plan)
    : plan_(plan), net_(clock_, seed, plan.calls_last, plan.lanes_age) {
  clock_.time += 1h;
  for (size_t i : {0, 1}) net_.start_router(i);
  start_connect();
  for (size_t i = 0; i < plan.connections; ++i) {
    connections_.emplace_back(net_.random(), 2 * i, habits(true));
    connect_->accept(i, connections_.back().client.connect());
  }
  if (plan.has_stalled) stall_first_until(base::TimePoint::max());
  start_share();
  if (plan.partition) part();
  if (plan.cut_at) net_.cut_lane_at(*plan.cut_at);
}

void World::start_share() {
  for (Connection& connection : connections_) connection.was_dialled = false;
  const auto to_target = [this](size_t index, share::Dialled dialled) {
    return dial(index, std::move(dialled));
  };
  share_ = std::make_unique<ShareProcess>(net_, links_[0], plan_, to_target,
                                          [this] { fail("a share gave up"); });
}

void World::start_connect() {
  connect_ = std::make_unique<ConnectProcess>(net_, links_[1], plan_,
                                              [this] { fail("a connect gave up"); });
}

std::shared_ptr<void> World::dial(size_t index, share::Dialled dialled) {
  const auto timer = std::make_shared<net::Timer>(net_.loop());
  timer->after(std::chrono::microseconds(net_.random().size_up_to(50'000)),
               [this, index, dialled = std::move(dialled)] {
                 Connection& connection = connections_[index];
                 if (connection.was_dialled) fail("a share dialled twice for one connection");
                 connection.was_dialled = true;
                 if (plan_.is_refused) {
                   return dialled(base::error(base::Code::kUnavailable, "refused"));
                 }
                 Application& server =
                     connection.servers.emplace_back(net_.random(), 2 * index + 1, habits(false));
                 if (plan_.has_stalled) stall_first_until(base::TimePoint::max());
                 dialled(server.connect());
               });
  return timer;
}

Habits World::habits(bool is_client) {
  if (plan_.habits) return (*plan_.habits)[is_client ? 0 : 1];
  return {.to_write = net_.random().size_up_to(plan_.bytes_most),
          .resets = plan_.has_resets && net_.random().one_in(3)};
}

// ---- applications

void World::act(Connection& connection) {
  const base::TimePoint now = clock_.time;
  Application& client = connection.client;
  client.write(now);
  for (Application& server : connection.servers) {
    server.write(now);
    if (!server.read(now, client)) fail("a byte of the client's was changed");
    if (server.was_told_end() && !is_all_of(client, server)) fail("an end that no client sent");
  }
  if (connection.servers.empty()) return;
  // All of them write the same.
  if (!client.read(now, connection.servers.back())) fail("a byte of the target's was changed");
  const bool is_told = std::any_of(connection.servers.begin(), connection.servers.end(),
                                   [&](auto& server) { return is_all_of(server, client); });
  if (client.was_told_end() && !is_told) fail("an end that no target sent");
}

// An end of stream means: the other application ended, and this is all that it wrote.
bool World::is_all_of(const Application& sender, const Application& receiver) {
  return sender.has_ended() && sender.written() == receiver.got();
}

// ---- what goes wrong

void World::go_wrong() {
  test::SeededRandom& random = net_.random();
  const auto now = [&random](uint64_t one_in) { return one_in > 0 && random.one_in(one_in); };
  const Faults& faults = plan_.faults;
  if (now(faults.cut)) net_.cut_one();
  if (now(faults.cut_link)) net_.cut_all(links_[random.below(2)]);
  if (now(faults.change_network)) change_network(random.below(2));
  if (now(faults.pause)) {
    links_[random.below(2)].paused_until = clock_.time + std::chrono::seconds(random.below(60));
  }
  if (now(faults.stall)) stall_one();
  if (now(faults.lose_lanes)) {
    links_[random.below(2)].lanes_lost_until = clock_.time + std::chrono::seconds(random.below(30));
  }
  if (now(faults.hold_up_lanes)) {
    links_[random.below(2)].lanes_late_until = clock_.time + std::chrono::seconds(random.below(30));
  }
  if (now(faults.repeat_lane)) net_.repeat_lane();
  if (now(faults.switch_router)) net_.route_to(route_ = 1 - route_);
  if (now(faults.drain_router) && net_.router(route_).switchboard) {
    net_.router(route_).switchboard->drain([] {});
    const size_t old = std::exchange(route_, 1 - route_);
    net_.route_to(route_);
    net_.after(8s, [this, old] {
      net_.kill_router(old);
      net_.start_router(old);
    });
  }
  if (now(faults.kill_router)) {
    const size_t index = random.below(2);
    net_.kill_router(index);
    net_.after(std::chrono::milliseconds(random.below(3'000)), [this, index] {
      if (!net_.router(index).switchboard) net_.start_router(index);
    });
  }
  if (now(faults.kill_share) && share_) kill_share();
  if (now(faults.kill_connect) && connect_) kill_connect();
}

void World::kill_share() {
  process_was_killed_ = true;
  net_.kill_process(links_[0]);
  share_.reset();
  net_.ledgers().forget(transport::Role::kShare);
  net_.after(std::chrono::milliseconds(net_.random().below(3'000)), [this] {
    if (!share_) start_share();
  });
}

void World::kill_connect() {
  process_was_killed_ = true;
  for (Connection& connection : connections_) {
    connection.client_was_killed = connection.client_was_killed || !connection.client.is_over();
  }
  net_.kill_process(links_[1]);
  connect_.reset();
  net_.ledgers().forget(transport::Role::kConnect);
  net_.after(std::chrono::milliseconds(net_.random().below(3'000)), [this] {
    if (!connect_) start_connect();
  });
}

// Nothing passes for as long as the plan says, in the midst of what is said.
void World::part() {
  const uint64_t which = 1 + net_.random().below(3);
  net_.after(5s + std::chrono::seconds(net_.random().below(55)), [this, which] {
    for (size_t i : {0, 1}) {
      if (which >> i & 1) links_[i].paused_until = clock_.time + *plan_.partition;
    }
  });
}

void World::stall_first_until(base::TimePoint time) {
  connections_.front().client.stall_until(time);
  for (Application& server : connections_.front().servers) server.stall_until(time);
}

// One application takes nothing for longer than the grace, at most.
void World::stall_one() {
  Connection& connection = connections_[net_.random().below(connections_.size())];
  const base::TimePoint until = clock_.time + std::chrono::seconds(net_.random().below(20 * 60));
  const bool is_client = connection.servers.empty() || net_.random().one_in(2);
  (is_client ? connection.client : connection.servers.back()).stall_until(until);
}

void World::change_network(size_t process) {
  if (process == 0 && share_) share_->change_network();
  if (process == 1 && connect_) connect_->change_network();
}

// ---- time

bool World::advance_time() {
  const std::optional<base::TimePoint> next = net_.loop().next_due();
  if (!next) return false;
  clock_.time = std::max(clock_.time, std::min(*next, clock_.time + kStepMost));
  return true;
}

void World::step() {
  net_.loop().run_due();
  for (Connection& connection : connections_) act(connection);
  net_.loop().run_due();
  check_conduits();
}

void World::check_conduits() {
  Ledgers& ledgers = net_.ledgers();
  const uint64_t budget_bytes = plan_.budget_bytes;
  if (share_) {
    ledgers.check(transport::Role::kShare, share_->tunnels(), budget_bytes, plan_.is_encrypted);
  }
  if (connect_) {
    ledgers.check(transport::Role::kConnect, connect_->tunnels(), budget_bytes, plan_.is_encrypted);
  }
  if (!ledgers.failure().empty()) fail(ledgers.failure());
}

std::string World::run(Outcome& outcome) {
  base::TimePoint healed = clock_.time + plan_.lasts;
  for (uint64_t i = 0; failure_.empty() && (i < plan_.steps || clock_.time < healed); ++i) {
    step();
    go_wrong();
    advance_time();
  }
  if (!connect_) start_connect();
  healed = clock_.time;
  if (plan_.has_stalled) {
    go_on_until_over(1);
    stall_first_until({});
  }
  go_on_until_over(0);
  outcome.over_after = clock_.time - healed;
  if (failure_.empty()) check_end(outcome);
  outcome.lanes = net_.lanes();
  outcome.memory_most = net_.ledgers().memory_most();
  outcome.lane_messages = net_.lane_messages();
  outcome.trace = net_.trace();
  return failure_;
}

void World::go_on_until_over(size_t first) {
  const base::TimePoint healed = clock_.time;
  const auto are_over = [this, first] {
    return std::all_of(connections_.begin() + static_cast<ptrdiff_t>(first), connections_.end(),
                       [](const Connection& each) { return is_over(each); });
  };
  for (uint64_t i = 0; failure_.empty() && !are_over(); ++i) {
    step();
    if (!advance_time() || i > kStepsMost || clock_.time > healed + kPatience) {
      fail("no end in sight");
    }
  }
}

bool World::is_over(const Connection& connection) {
  return connection.client.is_over() &&
         std::all_of(connection.servers.begin(), connection.servers.end(),
                     [](const Application& server) { return server.is_over(); });
}

void World::check_connection(const Connection& connection, Outcome& outcome) {
  const Application& client = connection.client;
  const auto tell = [this, &outcome](const Application& application) {
    outcome.longest_wait = std::max(outcome.longest_wait, application.longest_wait());
    if (!application.was_reset() && !application.was_told_end()) fail("left without a word");
  };
  if (!connection.client_was_killed) tell(client);
  outcome.fates += "client: " + client.fate();
  size_t served = 0;  // targets that were told any of the client's bytes
  size_t resets = client.was_reset() || connection.client_was_killed ? 1 : 0;
  for (const Application& server : connection.servers) {
    tell(server);
    outcome.fates += "; target: " + server.fate();
    served += server.got() > 0 ? 1 : 0;
    resets += server.was_reset() ? 1 : 0;
  }
  if (served > 1) fail("two targets had the same bytes");
  (resets > 0 ? outcome.reset : outcome.done) += 1;
  outcome.reset_at_both += resets > connection.servers.size() ? 1 : 0;
  const bool may_reset = plan_.has_resets || process_was_killed_ || plan_.partition;
  if (resets > 0 && !may_reset) fail("a reset that nobody sent");
  if (resets == 0 && connection.servers.empty()) fail("an end without a target");
}

void World::check_end(Outcome& outcome) {
  for (Connection& connection : connections_) act(connection);  // reads what came last
  for (const Connection& connection : connections_) check_connection(connection, outcome);
  // Long after: nothing is left anywhere.
  connect_->stop();
  for (const base::TimePoint until = clock_.time + kPatience; clock_.time < until;) {
    net_.loop().run_due();
    clock_.time += 1s;
  }
  if (connect_->tunnels().size() + share_->tunnels().size() > 0) fail("a tunnel is left");
  for (size_t i : {0, 1}) {
    if (!net_.router(i).switchboard->holds_nothing()) fail("a router holds what is over");
  }
}

void World::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

}  // namespace mm::sim
