// SPDX-License-Identifier: MIT
#include "transport/channel.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "transport/pinned_tls.h"
#include "transport/roots.h"

namespace mm::transport {
namespace {

// One message: the largest frame and its header fit several times; more is no peer of ours.
constexpr int kMessageBytesMax = 1 << 20;
constexpr int kWriteBufferBytes = 1 << 20;  // few, large system calls
constexpr int kHttp2FrameBytesMax = 1 << 20;
constexpr int kReadChunkBytes = 256 << 10;
constexpr int kConnectTimeoutMs = 5'000;
constexpr int kBackoffFirstMs = 100;
constexpr int kBackoffMostMs = 1'000;

// Google's front end, the strictest that is known, tolerates a ping a minute (reference:
// its own clients' settings); a router that is dialled directly allows one every 5 s.
constexpr int kKeepaliveDirectMs = 20'000;
constexpr int kKeepaliveDirectTimeoutMs = 10'000;
constexpr int kKeepaliveFrontEndMs = 60'000;
constexpr int kKeepaliveFrontEndTimeoutMs = 20'000;

// A thousand connections that are moved at once make one set of new channels, not a thousand.
constexpr base::Duration kYoung = std::chrono::seconds(5);

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || (is_ipv4(host) && host.starts_with("127."));
}

// gRPC's own word for the address. A literal never goes to a name server.
std::string target_of(const config::RouterUrl& router) {
  if (is_ipv4(router.host)) return "ipv4:" + router.authority();
  if (is_ipv6(router.host)) return "ipv6:" + router.authority();
  return "dns:///" + router.authority();
}

void set_keepalive(grpc::ChannelArguments& arguments, const config::RouterUrl& router) {
  const bool front_end = router.tls && !is_loopback(router.host);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   front_end ? kKeepaliveFrontEndMs : kKeepaliveDirectMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   front_end ? kKeepaliveFrontEndTimeoutMs : kKeepaliveDirectTimeoutMs);
  // 2 by default: pings would stop on a silent stream.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

void set_dialling(grpc::ChannelArguments& arguments) {
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);             // would buffer 256 KiB a call
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else equal channels share one socket
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);          // $http_proxy, even for localhost
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kBackoffFirstMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kBackoffMostMs);
}

void set_throughput(grpc::ChannelArguments& arguments) {
  arguments.SetInt(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, kWriteBufferBytes);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kHttp2FrameBytesMax);
  arguments.SetInt(GRPC_ARG_TCP_READ_CHUNK_SIZE, kReadChunkBytes);
  arguments.SetInt(GRPC_ARG_TCP_MIN_READ_CHUNK_SIZE, kReadChunkBytes);
  arguments.SetInt(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, kReadChunkBytes);
}

void set_limits(grpc::ChannelArguments& arguments) {
  // A decompressed message is not held to the limit (1.51): a few KiB would become GiB.
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
}

base::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> make_tls_credentials(
    const config::RouterUrl& router, const std::string& ca_file) {
  if (router.pin) return pinned_credentials(*router.pin);
  auto roots = ca_file.empty() ? system_roots() : read_certificates(ca_file);
  if (!roots.ok()) return roots.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = *std::move(roots);
  return grpc::SslCredentials(options);
}

// gRPC asks it before each call, on a thread where it may block, and holds the call meanwhile.
class BearerToken final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit BearerToken(std::shared_ptr<Identity> identity) : identity_(std::move(identity)) {}

  // What it says of a failure is in the call's status, where status.cc looks for it.
  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           std::multimap<std::string, std::string>* metadata) override {
    const base::StatusOr<base::Secret> token = identity_->token();
    if (!token.ok()) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, base::message(token.status()));
    }
    metadata->emplace("authorization", "Bearer " + std::string(token->reveal()));
    return grpc::Status::OK;
  }

  std::string DebugString() override { return "the user's identity"; }

 private:
  const std::shared_ptr<Identity> identity_;
};

}  // namespace

base::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> make_credentials(
    const config::RouterUrl& router, const std::string& ca_file,
    const std::shared_ptr<Identity>& identity) {
  if (!router.tls) return grpc::InsecureChannelCredentials();
  auto channel = make_tls_credentials(router, ca_file);
  if (!channel.ok() || !identity) return channel;
  const auto call = grpc::MetadataCredentialsFromPlugin(std::make_unique<BearerToken>(identity));
  return grpc::CompositeChannelCredentials(*channel, call);
}

std::shared_ptr<grpc::Channel> make_channel(
    const config::RouterUrl& router, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    Traffic traffic) {
  grpc::ChannelArguments arguments;
  set_dialling(arguments);
  set_keepalive(arguments, router);
  set_limits(arguments);
  if (traffic == Traffic::kLanes) {
    set_throughput(arguments);
    arguments.SetInt(GRPC_ARG_MINIMAL_STACK, 1);  // 30 % less CPU a stream
  }
  arguments.SetUserAgentPrefix("mindmeld/" MM_VERSION);
  return grpc::CreateCustomChannel(target_of(router), credentials, arguments);
}

ChannelPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::move(other.pool_)), slot_(std::exchange(other.slot_, nullptr)) {}

ChannelPool::Lease::~Lease() {
  if (slot_) pool_->give_back(*slot_);
}

const std::shared_ptr<grpc::Channel>& ChannelPool::Lease::channel() const {
  MM_CHECK(slot_);
  return slot_->channel;
}

void ChannelPool::Lease::mark_failed() {
  if (slot_) slot_->failed = true;
}

ChannelPool::ChannelPool(const base::Clock& clock, config::RouterUrl router,
                         std::shared_ptr<grpc::ChannelCredentials> credentials, Traffic traffic,
                         size_t calls_max)
    : clock_(clock),
      router_(std::move(router)),
      credentials_(std::move(credentials)),
      traffic_(traffic),
      calls_max_(calls_max) {}

ChannelPool::Lease ChannelPool::take() {
  auto found = std::find_if(slots_.begin(), slots_.end(), [this](const auto& slot) {
    return !slot->failed && slot->calls < calls_max_;
  });
  if (found == slots_.end()) {
    slots_.push_back(std::make_unique<Slot>());
    found = std::prev(slots_.end());
    (*found)->channel = make_channel(router_, credentials_, traffic_);
    (*found)->made_time = clock_.now();
  }
  ++(*found)->calls;
  return Lease(shared_from_this(), **found);
}

void ChannelPool::renew() { retire(kYoung); }

void ChannelPool::abandon() { retire(base::Duration::zero()); }

void ChannelPool::retire(base::Duration least_age) {
  const base::TimePoint now = clock_.now();
  for (const auto& slot : slots_) {
    slot->failed = slot->failed || now - slot->made_time >= least_age;
  }
  std::erase_if(slots_, [](const auto& slot) { return slot->failed && slot->calls == 0; });
}

void ChannelPool::give_back(Slot& slot) {
  MM_CHECK(slot.calls > 0);
  if (--slot.calls > 0) return;
  // One idle channel is kept, so that the next call need not dial.
  if (!slot.failed && slots_.size() == 1) return;
  std::erase_if(slots_, [&slot](const auto& each) { return each.get() == &slot; });
}

}  // namespace mm::transport
