// SPDX-License-Identifier: MIT
#include "net/network_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "net/asio.h"
#include "net/fd.h"
#include "net/socket_address.h"
#include "ops/log.h"

namespace mm::net {
namespace {

// Two clocks that are read one after the other differ by less, and no sleep is as short.
constexpr base::Duration kSleepLeast = std::chrono::milliseconds(500);

// Addresses for documentation (RFC 5737, RFC 3849): the way there is the way to the internet, and
// nothing is ever sent.
constexpr const char* kAnywhere[] = {"192.0.2.1", "2001:db8::1"};
constexpr uint16_t kAnyPort = 9;

base::Duration since_start(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// CLOCK_BOOTTIME counts suspend and CLOCK_MONOTONIC does not: clock_gettime(2).
base::Duration suspended() {
  const base::Duration awake = since_start(CLOCK_MONOTONIC);
  return since_start(CLOCK_BOOTTIME) - awake;
}

// A UDP socket that is connected sends nothing, and is given the address that it would send from.
std::string source_towards(const SocketAddress& there) {
  const Fd fd(socket(there.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open() || ::connect(fd.get(), there.get(), there.length()) != 0) return {};
  SocketAddress here = SocketAddress::local_of(fd.get());
  here.set_port(0);
  return here.text();
}

std::string source_towards(const std::string& host) {
  std::vector<SocketAddress> places = known_addresses(host, kAnyPort);
  if (places.empty()) {
    for (const char* anywhere : kAnywhere) {
      places.push_back(*SocketAddress::from_ip(anywhere, kAnyPort));
    }
  }
  std::string sources;
  for (const SocketAddress& place : places) {
    const std::string source = source_towards(place);
    if (!source.empty()) sources += (sources.empty() ? "" : ", ") + source;
  }
  return sources;
}

// Readable when links, addresses or routes change: rtnetlink(7).
Fd open_route_events() {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups =
      RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  const auto* const any = reinterpret_cast<const sockaddr*>(&address);
  if (!fd.is_open() || bind(fd.get(), any, sizeof address) != 0) return Fd();
  return fd;
}

// Readable, with ECANCELED, when the wall clock jumps, as it does for the kernel at the end of a
// sleep: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET. It never expires by itself.
Fd open_clock_events() {
  Fd fd(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  itimerspec never{};
  never.it_value.tv_sec = std::numeric_limits<time_t>::max();
  const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  if (!fd.is_open() || timerfd_settime(fd.get(), flags, &never, nullptr) != 0) return Fd();
  return fd;
}

}  // namespace

NetworkState::NetworkState(Reading first)
    : suspended_(first.suspended),
      source_(std::move(first.source)),
      was_cut_off_(source_.empty()) {}

std::string NetworkState::compare(Reading now) {
  const bool slept = now.suspended - std::exchange(suspended_, now.suspended) >= kSleepLeast;
  const bool is_cut_off = now.source.empty();
  // The same address after none: another network may have given it.
  const bool moved = !is_cut_off && (was_cut_off_ || now.source != source_);
  was_cut_off_ = is_cut_off;
  if (!is_cut_off) source_ = std::move(now.source);
  if (slept) return "this machine slept";
  return moved ? "this machine's network changed" : "";
}

struct NetworkWatch::Impl : std::enable_shared_from_this<Impl> {
  Impl(Loop& loop, std::string host, std::function<void(const std::string&)> on_change)
      : executor(loop), host(std::move(host)), on_change(std::move(on_change)), state(read()) {}

  NetworkState::Reading read() const { return {suspended(), source_towards(host)}; }

  void watch(Fd fd) {
    if (!fd.is_open()) return;
    descriptors.push_back(std::make_shared<AsioDescriptor>(executor, fd.release()));
    wait(descriptors.back());
  }

  void wait(const std::shared_ptr<AsioDescriptor>& descriptor) {
    descriptor->async_wait(AsioDescriptor::wait_read,
                           [self = shared_from_this(), descriptor](const asio::error_code& error) {
                             if (error || !self->on_change) return;
                             if (!drain(descriptor->native_handle())) return;
                             self->wait(descriptor);
                             self->look();
                           });
  }

  // What an event says is not needed: that there was one is. False: none will follow.
  static bool drain(int fd) {
    std::array<uint8_t, 8192> event;
    ssize_t got = 0;
    do {
      got = ::read(fd, event.data(), event.size());
    } while (got > 0 || (got < 0 && errno == EINTR));
    // ENOBUFS: more events than the socket holds. ECANCELED: the clock jumped.
    return got < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ECANCELED);
  }

  void look() {
    const std::string why = state.compare(read());
    if (why.empty()) return;
    ops::log(ops::Level::kInfo, "network.changed", {{"why", why}});
    on_change(why);
  }

  const Executor executor;
  const std::string host;
  std::function<void(const std::string&)> on_change;  // empty: nobody listens any more
  NetworkState state;
  std::vector<std::shared_ptr<AsioDescriptor>> descriptors;
};

NetworkWatch::NetworkWatch(Loop& loop, std::string host,
                           std::function<void(const std::string&)> on_change)
    : impl_(std::make_shared<Impl>(loop, std::move(host), std::move(on_change))) {
  impl_->watch(open_route_events());
  impl_->watch(open_clock_events());
}

NetworkWatch::~NetworkWatch() {
  impl_->on_change = nullptr;
  for (const auto& descriptor : impl_->descriptors) descriptor->cancel();
}

}  // namespace mm::net
