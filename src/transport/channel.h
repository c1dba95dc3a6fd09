// SPDX-License-Identifier: MIT
// How a client reaches its router: credentials, channel settings, and the pool that spreads calls
// over connections. All on the loop.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "transport/identity.h"

namespace mm::transport {

// Credentials for the URL's scheme and pin. Without a pin `ca_file`, PEM; empty: the system's
// roots. `identity`: shown on every call, as `authorization`; null: none. Require: TLS, then.
// kInvalidArgument: the file cannot be read or holds no certificate, or the system has none.
base::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> make_credentials(
    const config::RouterUrl& router, const std::string& ca_file,
    const std::shared_ptr<Identity>& identity);

// What a channel is for.
enum class Traffic { kControl, kLanes };

// A channel with a TCP connection of its own, made at its first call.
std::shared_ptr<grpc::Channel> make_channel(
    const config::RouterUrl& router, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    Traffic traffic);

// Channels to one router. A channel that failed gets no further calls: the next one is a real dial,
// not the echo of the last failure that a gRPC channel answers with during its backoff, and it
// resolves the name anew.
class ChannelPool : public std::enable_shared_from_this<ChannelPool> {
  struct Slot;

 public:
  // One call's use of a channel; the pool lives as long. Empty when made without one.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) = delete;
    ~Lease();

    const std::shared_ptr<grpc::Channel>& channel() const;  // Require: not empty
    void mark_failed();

   private:
    friend class ChannelPool;
    Lease(std::shared_ptr<ChannelPool> pool, Slot& slot) : pool_(std::move(pool)), slot_(&slot) {}

    std::shared_ptr<ChannelPool> pool_;
    Slot* slot_ = nullptr;
  };

  // At most `calls_max` live calls share a channel.
  // The clock outlives it.
  ChannelPool(const base::Clock& clock, config::RouterUrl router,
              std::shared_ptr<grpc::ChannelCredentials> credentials, Traffic traffic,
              size_t calls_max);

  Lease take();

  // No call that comes takes a connection that is there now, unless it is a few seconds young: they
  // may lead to another router than a new one would.
  void renew();

  // The same, however young they are.
  void abandon();

  size_t channel_count() const { return slots_.size(); }

 private:
  struct Slot {
    std::shared_ptr<grpc::Channel> channel;
    base::TimePoint made_time;
    size_t calls = 0;
    bool failed = false;  // takes no further calls
  };

  void give_back(Slot& slot);
  void retire(base::Duration least_age);

  const base::Clock& clock_;
  const config::RouterUrl router_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  const Traffic traffic_;
  const size_t calls_max_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace mm::transport
