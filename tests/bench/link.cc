// SPDX-License-Identifier: MIT
// A long line between two network namespaces: a TUN device in each, and what goes into one comes
// out of the other after the delay, no faster than the rate. As netem does, which not every kernel
// has.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "bench/load_socket.h"

namespace mm::bench {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// Packets of up to 64 KiB, which TCP leaves uncut as on any virtual device (with a virtio header).
constexpr size_t kPacketBytesMost = 66 << 10;
// What a router in front of a line holds when more comes than the line takes; the rest is lost.
constexpr Clock::duration kQueueMost = 100ms;

void enter_network_of(const std::string& pid) {
  const Socket space(open(("/proc/" + pid + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  if (!space || setns(space.descriptor(), CLONE_NEWNET) != 0) fail("cannot enter the network");
}

// A device called "line", in the namespace of the process.
Socket open_device(const std::string& pid) {
  enter_network_of(pid);
  Socket device(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ifreq request{};
  std::strcpy(request.ifr_name, "line");
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (!device || ioctl(device.descriptor(), TUNSETIFF, &request) != 0) fail("cannot make a device");
  constexpr unsigned long kOffload = TUN_F_CSUM | TUN_F_TSO4;
  if (ioctl(device.descriptor(), TUNSETOFFLOAD, kOffload) != 0) fail("TUNSETOFFLOAD");
  return device;
}

// One direction.
class Lane {
 public:
  Lane(int from, int to, Clock::duration delay, double bytes_per_s)
      : from_(from), to_(to), delay_(delay), bytes_per_s_(bytes_per_s) {}

  int from() const { return from_; }

  // Takes all that waits at the near end.
  void take(Clock::time_point now) {
    while (true) {
      const ssize_t size = read(from_, block_.data(), block_.size());
      if (size <= 0) return;
      free_at_ = std::max(free_at_, now);
      if (free_at_ - now > kQueueMost) continue;
      const std::chrono::duration<double> on_the_wire(static_cast<double>(size) / bytes_per_s_);
      free_at_ += std::chrono::duration_cast<Clock::duration>(on_the_wire);
      packets_.push_back({free_at_ + delay_, {block_.begin(), block_.begin() + size}});
    }
  }

  // Lets out what is due at the far end; a device that has no room loses it, as devices do.
  void give(Clock::time_point now) {
    while (!packets_.empty() && packets_.front().due <= now) {
      const std::vector<char>& packet = packets_.front().bytes;
      if (write(to_, packet.data(), packet.size()) < 0 && errno == EBADFD)
        fail("the device is down");
      packets_.pop_front();
    }
  }

  Clock::time_point next() const {
    return packets_.empty() ? Clock::time_point::max() : packets_.front().due;
  }

 private:
  struct Packet {
    Clock::time_point due;
    std::vector<char> bytes;
  };

  const int from_;
  const int to_;
  const Clock::duration delay_;
  const double bytes_per_s_;
  Clock::time_point free_at_{};
  std::deque<Packet> packets_;
  std::vector<char> block_ = std::vector<char>(kPacketBytesMost);
};

timespec until(Clock::time_point next) {
  const auto wait = std::clamp<Clock::duration>(next - Clock::now(), 0ns, 1s);
  return {.tv_sec = wait / 1s, .tv_nsec = (wait % 1s) / 1ns};
}

// Until standard input ends.
void carry(std::array<Lane, 2> lanes) {
  while (true) {
    std::array<pollfd, 3> ready{{{.fd = lanes[0].from(), .events = POLLIN, .revents = 0},
                                 {.fd = lanes[1].from(), .events = POLLIN, .revents = 0},
                                 {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}}};
    const timespec wait = until(std::min(lanes[0].next(), lanes[1].next()));
    if (ppoll(ready.data(), ready.size(), &wait, nullptr) < 0 && errno != EINTR) fail("ppoll");
    if (ready[2].revents != 0) return;
    const Clock::time_point now = Clock::now();
    for (Lane& lane : lanes) lane.take(now);
    for (Lane& lane : lanes) lane.give(now);
  }
}

int run(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_link PID PID ROUND_TRIP_MS MBIT_PER_S\n", stderr);
    return 2;
  }
  const Socket near = open_device(argv[1]);
  const Socket far = open_device(argv[2]);
  const auto delay = std::chrono::microseconds(std::atoi(argv[3]) * 1000 / 2);
  const double bytes_per_s = std::atof(argv[4]) * 1e6 / 8;
  std::printf("ready\n");
  std::fflush(stdout);
  carry({Lane(near.descriptor(), far.descriptor(), delay, bytes_per_s),
         Lane(far.descriptor(), near.descriptor(), delay, bytes_per_s)});
  return 0;
}

}  // namespace
}  // namespace mm::bench

int main(int argc, char** argv) { return mm::bench::run(argc, argv); }
