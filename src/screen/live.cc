// SPDX-License-Identifier: MIT
#include "screen/live.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/backoff.h"
#include "base/text.h"
#include "ops/log.h"

namespace mm::screen {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kTick = 1s;
constexpr base::Duration kSoon = 50ms;  // many things that happen at once are one picture
constexpr size_t kSamples = 60;
constexpr size_t kClosedMost = 50;  // more than any screen shows
constexpr size_t kSaidMost = 20;

int64_t seconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

std::string clock_time() {
  const std::time_t now = std::time(nullptr);
  tm local{};
  char text[16];
  localtime_r(&now, &local);
  return std::string(text, std::strftime(text, sizeof text, "%H:%M:%S", &local));
}

void add_sample(Flow& flow, uint64_t bytes, double seconds) {
  const uint64_t more = bytes > flow.bytes ? bytes - flow.bytes : 0;
  flow.bytes = std::max(bytes, flow.bytes);
  flow.rates.push_back(static_cast<double>(more) / seconds);
  if (flow.rates.size() > kSamples) flow.rates.erase(flow.rates.begin());
}

}  // namespace

bool is_wanted(const config::Common& common) {
  const bool is_loud = common.verbosity != 0 || ops::log_enabled(ops::Level::kInfo);
  return !common.json && !common.plain && !is_loud && Terminal::is_there();
}

Live::Live(net::Loop& loop, const tunnel::TunnelSet& tunnels, Side side)
    : loop_(loop),
      tunnels_(tunnels),
      side_(side),
      started_(loop.clock().now()),
      terminal_(loop, [this] { draw(); }),
      sampled_(started_),
      tick_timer_(loop),
      draw_timer_(loop) {
  scene_.title = side == Side::kShare ? "mindmeld share" : "mindmeld connect";
  draw();
  tick_timer_.after(kTick, [this] { tick(); });
}

Live::~Live() {
  terminal_.leave();
  std::string all;
  for (const std::string& line : scene_.lasting) all += line + "\n";
  for (const std::string& line : said_) all += line + "\n";
  sample();
  all += std::to_string(scene_.total_count) +
         (scene_.total_count == 1 ? " connection in " : " connections in ") +
         base::human_duration(seconds(loop_.clock().now() - started_)) + ", " +
         base::human_bytes(scene_.up.bytes) + " up, " + base::human_bytes(scene_.down.bytes) +
         " down\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, all.data(), all.size());
}

void Live::on_stopping() {
  is_stopping_ = true;
  draw_soon();
}

void Live::on_line(std::string_view line, bool is_lasting) {
  if (is_lasting) {
    scene_.lasting.emplace_back(line);
  } else {
    said_.push_back(clock_time() + "  " + std::string(line));
    if (said_.size() > kSaidMost) said_.pop_front();
  }
  draw_soon();
}

void Live::on_connection_open(std::string_view id, std::string_view service,
                              std::string_view guest) {
  Connection connection;
  connection.id = id;
  connection.row = {std::string(guest), std::string(service), 0, 0, 0, "open"};
  connection.opened = loop_.clock().now();
  connections_.push_front(std::move(connection));
  by_id_[std::string(id)] = connections_.begin();
  ++scene_.total_count;
  draw_soon();
}

void Live::on_connection_closed(std::string_view id, uint64_t up_bytes, uint64_t down_bytes,
                                std::string_view why) {
  closed_up_bytes_ += up_bytes;
  closed_down_bytes_ += down_bytes;
  const auto found = by_id_.find(std::string(id));
  if (found == by_id_.end()) return;
  Connection& connection = *found->second;
  connection.is_open = false;
  connection.row.age_s = seconds(loop_.clock().now() - connection.opened);
  connection.row.up_bytes = up_bytes;
  connection.row.down_bytes = down_bytes;
  connection.row.state = why;
  by_id_.erase(found);
  const size_t closed = connections_.size() - by_id_.size();
  if (closed > kClosedMost) {  // the oldest that is over
    const auto oldest = std::find_if(connections_.rbegin(), connections_.rend(),
                                     [](const Connection& each) { return !each.is_open; });
    connections_.erase(std::next(oldest).base());
  }
  draw_soon();
}

void Live::on_router(const std::string& url, bool is_online) {
  if (is_online) {
    routers_.insert(url);
    lost_routers_.erase(url);
  } else {
    lost_routers_.try_emplace(url, loop_.clock().now());
  }
  draw_soon();
}

void Live::on_round_trip(base::Duration round_trip) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g ms",
                std::chrono::duration<double, std::milli>(round_trip).count());
  round_trip_ = text;
  draw_soon();
}

std::string Live::state() const {
  if (is_stopping_) {
    return "ending: " + std::to_string(by_id_.size()) + " open; Ctrl-C again ends them now";
  }
  if (!lost_routers_.empty()) {
    const auto& [url, lost] = *lost_routers_.begin();
    const base::Duration away = loop_.clock().now() - lost;
    const base::Backoff::Limits retries;
    const base::Duration wait = away < retries.patience ? retries.most : retries.most_later;
    return url + " is away for " + base::human_duration(seconds(away)) + ", trying again every " +
           base::human_duration(seconds(wait));
  }
  if (routers_.empty()) return "looking for the router";
  if (routers_.size() > 1) return "online at " + std::to_string(routers_.size()) + " routers";
  return "online at " + *routers_.begin() +
         (round_trip_.empty() ? "" : ", " + round_trip_ + " away");
}

void Live::sample() {
  uint64_t up = closed_up_bytes_, down = closed_down_bytes_;
  tunnels_.each_open([&](const tunnel::Tunnel& tunnel) {
    const tunnel::Tunnel::Traffic traffic = tunnel.traffic();
    const bool is_share = side_ == Side::kShare;
    const uint64_t up_bytes = is_share ? traffic.delivered_bytes : traffic.sent_bytes;
    const uint64_t down_bytes = is_share ? traffic.sent_bytes : traffic.delivered_bytes;
    up += up_bytes;
    down += down_bytes;
    const auto found = by_id_.find(tunnel.log_id());
    if (found == by_id_.end()) return;
    found->second->row.up_bytes = up_bytes;
    found->second->row.down_bytes = down_bytes;
  });
  const base::TimePoint now = loop_.clock().now();
  const double passed = std::max(0.001, std::chrono::duration<double>(now - sampled_).count());
  sampled_ = now;
  add_sample(scene_.up, up, passed);
  add_sample(scene_.down, down, passed);
}

void Live::tick() {
  sample();
  draw();
  tick_timer_.after(kTick, [this] { tick(); });
}

void Live::draw_soon() {
  if (!draw_timer_.is_armed()) draw_timer_.after(kSoon, [this] { draw(); });
}

void Live::draw() {
  draw_timer_.cancel();
  scene_.state = state();
  scene_.is_well = lost_routers_.empty() && !is_stopping_ && !routers_.empty();
  scene_.open_count = by_id_.size();
  scene_.notes.assign(said_.begin(), said_.end());
  const Look look = terminal_.look();
  scene_.rows.clear();
  for (Connection& connection : connections_) {
    if (scene_.rows.size() >= look.rows) break;
    if (connection.is_open) connection.row.age_s = seconds(loop_.clock().now() - connection.opened);
    scene_.rows.push_back(connection.row);
  }
  terminal_.show(screen::draw(scene_, look));
}

}  // namespace mm::screen
