// SPDX-License-Identifier: MIT
// Live: the screen of a running share or connect: what it is, how it goes, and who is connected,
// drawn anew each second. Where it ends, what it has said lately stays in the terminal. Loop only.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/config.h"
#include "config/events.h"
#include "net/loop.h"
#include "screen/scene.h"
#include "screen/terminal.h"
#include "tunnel/tunnel_set.h"

namespace mm::screen {

// Somebody looks at a terminal, and wants it so.
bool is_wanted(const config::Common& common);

class Live final : public config::Audience {
 public:
  enum class Side { kShare, kConnect };  // which end of its connections it is

  // Takes the terminal. Borrowed, and outlive it.
  Live(net::Loop& loop, const tunnel::TunnelSet& tunnels, Side side);
  ~Live() override;

  void on_line(std::string_view line, bool is_lasting) override;
  void on_connection_open(std::string_view id, std::string_view service,
                          std::string_view guest) override;
  void on_connection_closed(std::string_view id, uint64_t up_bytes, uint64_t down_bytes,
                            std::string_view why) override;
  void on_router(const std::string& url, bool is_online) override;
  void on_round_trip(base::Duration round_trip) override;
  void on_stopping() override;

 private:
  struct Connection {
    std::string id;
    Row row;
    base::TimePoint opened;
    bool is_open = true;
  };

  void draw();
  void draw_soon();
  void sample();
  void tick();
  std::string state() const;

  net::Loop& loop_;
  const tunnel::TunnelSet& tunnels_;
  const Side side_;
  const base::TimePoint started_;
  Terminal terminal_;
  Scene scene_;
  std::deque<std::string> said_;                                            // the newest last
  std::list<Connection> connections_;                                       // the newest first
  std::unordered_map<std::string, std::list<Connection>::iterator> by_id_;  // the open ones
  uint64_t closed_up_bytes_ = 0;
  uint64_t closed_down_bytes_ = 0;
  std::set<std::string> routers_;                        // that were found, by URL
  std::map<std::string, base::TimePoint> lost_routers_;  // since when
  std::string round_trip_;                               // "38 ms"
  bool is_stopping_ = false;
  base::TimePoint sampled_;
  net::Timer tick_timer_;
  net::Timer draw_timer_;
};

}  // namespace mm::screen
