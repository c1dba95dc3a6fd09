// SPDX-License-Identifier: MIT
#include "router/router.h"

#include "router/health.h"

namespace mm::router {
namespace {

// Calls that are left when everything of ours was ended: their ends have not read the status yet.
constexpr base::Duration kStatusPatience = std::chrono::seconds(1);

}  // namespace

base::StatusOr<std::unique_ptr<Router>> Router::start(net::Loop& loop,
                                                      const transport::Server::Options& options,
                                                      const Limits& limits,
                                                      const std::string& public_url) {
  std::unique_ptr<Router> router(new Router(loop, limits, public_url));
  auto server = transport::Server::start(loop, options,
                                         {&router->control_.service(), &router->proxy_.service()},
                                         router->unary_.service(), router->guests_);
  if (!server.ok()) return server.status();
  router->server_ = std::move(*server);
  for (size_t i = 0; i < router->server_->queue_count(); ++i) {
    router->control_.serve(router->server_->queue(i));
    router->proxy_.serve(router->server_->queue(i));
    router->unary_.serve(router->server_->queue(i));
  }
  router->server_->serve();
  return router;
}

Router::Router(net::Loop& loop, const Limits& limits, const std::string& public_url)
    : loop_(loop),
      limits_(limits),
      switchboard_(loop, random_, limits_),
      guests_(loop, {.is_per_address = !limits.is_behind_front_end},
              [this](std::string_view reason, const std::string& address) {
                switchboard_.count_refusal(reason, address);
              }),
      unary_(loop, switchboard_, guests_, limits_),
      control_(loop, switchboard_, guests_, limits_, public_url, unary_),
      proxy_(loop, switchboard_, guests_) {
  add_health(unary_, switchboard_);
}

Router::~Router() {
  if (stopper_.joinable()) stopper_.join();
}

void Router::stop(std::function<void()> stopped) {
  switchboard_.drain([this, stopped = std::move(stopped)] {
    server_->close_door();
    // On a thread of its own: it blocks until the loop has let go of the last call.
    stopper_ = std::thread([this, stopped] {
      server_->stop(kStatusPatience);
      loop_.post(stopped);
    });
  });
}

}  // namespace mm::router
