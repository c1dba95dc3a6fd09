// SPDX-License-Identifier: MIT
// ProxyService: takes lanes from gRPC, reads their metadata, and hands them to the switchboard on
// the loop. Their messages never pass here.
#pragma once

#include "net/loop.h"
#include "router/server_lane.h"
#include "router/switchboard.h"
#include "transport/guests.h"

namespace mm::router {

class ProxyService final : private ServerLane::Host {
 public:
  // Borrowed; they outlive the server.
  ProxyService(net::Loop& loop, Switchboard& switchboard, transport::Guests& guests)
      : loop_(loop), switchboard_(switchboard), guests_(guests) {}

  grpc::Service& service() { return service_; }

  // Takes lanes on `queue` from now on, as many at a time as a burst brings.
  void serve(grpc::ServerCompletionQueue& queue);

 private:
  void on_lane_opened(std::shared_ptr<ServerLane> lane) override;
  void on_lane_over(std::shared_ptr<ServerLane> lane, bool was_lost) override;

  net::Loop& loop_;
  Switchboard& switchboard_;
  transport::Guests& guests_;
  ServerLane::RawProxy service_;
};

}  // namespace mm::router
