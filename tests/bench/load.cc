// SPDX-License-Identifier: MIT
// The load of `./dev bench`: a server, and clients that measure a chain which leads to it. Each run
// measures one thing and prints one JSON object. In C++ so that an interpreter is not what is
// measured.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/load_server.h"
#include "bench/load_socket.h"

namespace mm::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::vector<double>;

constexpr size_t kPingBytes = 64;
constexpr int kWarmUpPings = 100;
constexpr int kWarmUpMs = 300;   // TCP's windows grow, buffers are allocated
constexpr int kSettleMs = 50;    // nothing more arrives for so long: nothing is on its way
constexpr int kSettleMost = 60;  // looks
constexpr size_t kOpenersOfHeld = 16;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// For the measured time to pass.
void pass_ms(int milliseconds) { poll(nullptr, 0, milliseconds); }

int to_ms(double seconds) { return static_cast<int>(seconds * 1000); }

// Opens a connection that the server has agreed to be of this kind; empty if it could not.
Socket open_connection(const std::string& address, char kind) {
  Socket made = dial(address);
  if (!made || !made.send_all(&kind, 1)) return Socket(-1);
  char answer = 0;
  if (kind == kEcho && !made.receive_all(&answer, 1)) return Socket(-1);
  return made;
}

Socket must_open(const std::string& address, char kind) {
  Socket made = open_connection(address, kind);
  if (!made) fail("no connection through " + address);
  return made;
}

double percentile(const Microseconds& sorted, size_t percent) {
  if (sorted.empty()) fail("nothing was measured");
  return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
}

// ---- bulk: one direction, as much as passes

// Connections that are busy from construction to stop(); received() counts at the receiving side.
class Bulk {
 public:
  Bulk(const std::string& address, bool is_up, size_t connections, std::atomic<uint64_t>& tally)
      : is_up_(is_up), counter_(is_up ? tally : received_here_), before_(counter_) {
    for (size_t i = 0; i < connections; ++i) {
      sockets_.push_back(must_open(address, is_up ? kSink : kSource));
    }
    for (const Socket& socket : sockets_) {
      threads_.emplace_back([this, &socket] { is_up_ ? write(socket) : read(socket); });
    }
  }

  uint64_t received() const { return counter_ - before_; }

  // Drops what is on its way, and waits until nothing more arrives.
  void stop() {
    is_over_ = true;
    for (const Socket& socket : sockets_) {
      socket.reset();
      socket.shut();
    }
    for (std::thread& thread : threads_) thread.join();
    sockets_.clear();
    uint64_t seen = 0;
    for (int i = 0; i < kSettleMost && seen != received(); ++i) {
      seen = received();
      pass_ms(kSettleMs);
    }
  }

 private:
  void write(const Socket& socket) const {
    const std::vector<char> block(kBlockBytes, 'x');
    while (socket.send_all(block.data(), block.size())) {
    }
    if (!is_over_) fail("a bulk connection ended early");
  }

  void read(const Socket& socket) {
    std::vector<char> block(kBlockBytes);
    while (const size_t received = socket.receive_some(block.data(), block.size())) {
      received_here_.fetch_add(received, std::memory_order_relaxed);
    }
    if (!is_over_) fail("a bulk connection ended early");
  }

  const bool is_up_;
  std::atomic<uint64_t> received_here_ = 0;
  std::atomic<uint64_t>& counter_;
  const uint64_t before_;
  std::atomic<bool> is_over_ = false;
  std::vector<Socket> sockets_;
  std::vector<std::thread> threads_;
};

// MB/s while `seconds` pass.
double rate(const Bulk& bulk, double seconds) {
  const uint64_t before = bulk.received();
  const Clock::time_point start = Clock::now();
  pass_ms(to_ms(seconds));
  return static_cast<double>(bulk.received() - before) / 1e6 / seconds_since(start);
}

void measure_bulk(const std::string& address, const std::string& direction, size_t connections,
                  double seconds, const std::string& tally) {
  Bulk bulk(address, direction == "up", connections, open_tally(tally));
  pass_ms(kWarmUpMs);
  const double mb_per_s = rate(bulk, seconds);
  bulk.stop();
  std::printf("{\"mb_per_s\": %.2f, \"bytes\": %llu}\n", mb_per_s,
              static_cast<unsigned long long>(bulk.received()));
}

// ---- ping: a round trip after the other

// One more of them in µs; false once the connection ended.
bool add_round_trip(const Socket& socket, Microseconds& times) {
  std::array<char, kPingBytes> data{};
  const Clock::time_point start = Clock::now();
  if (!socket.send_all(data.data(), data.size())) return false;
  if (!socket.receive_all(data.data(), data.size())) return false;
  times.push_back(seconds_since(start) * 1e6);
  return true;
}

void measure_ping(const std::string& address, int count) {
  const Socket socket = must_open(address, kEcho);
  Microseconds times;
  for (int i = 0; i < kWarmUpPings; ++i) add_round_trip(socket, times);
  times.clear();
  for (int i = 0; i < count; ++i) {
    if (!add_round_trip(socket, times)) fail("a ping-pong connection ended early");
  }
  std::sort(times.begin(), times.end());
  std::printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"count\": %zu}\n", percentile(times, 50),
              percentile(times, 99), times.size());
}

// ---- mixed: ping-pong connections at once, beside a bulk or alone

void measure_mixed(const std::string& address, size_t connections, double seconds, bool has_bulk,
                   const std::string& tally) {
  std::vector<Socket> sockets;
  for (size_t i = 0; i < connections; ++i) sockets.push_back(must_open(address, kEcho));
  Bulk bulk(address, true, has_bulk ? 1 : 0, open_tally(tally));
  if (has_bulk) pass_ms(kWarmUpMs);
  std::vector<Microseconds> times(connections);
  std::vector<std::thread> threads;
  const Clock::time_point start = Clock::now();
  for (size_t i = 0; i < connections; ++i) {
    threads.emplace_back([&, i] {
      while (seconds_since(start) < seconds) {
        if (!add_round_trip(sockets[i], times[i])) fail("a ping-pong connection ended early");
      }
    });
  }
  const double mb_per_s = rate(bulk, seconds);
  for (std::thread& thread : threads) thread.join();
  bulk.stop();
  Microseconds all;
  for (const Microseconds& of_one : times) all.insert(all.end(), of_one.begin(), of_one.end());
  std::sort(all.begin(), all.end());
  std::printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"mb_per_s\": %.2f}\n", percentile(all, 50),
              percentile(all, 99), mb_per_s);
}

// ---- open and hold: new connections

// Runs `work` in so many threads until all are done.
void in_threads(size_t count, const std::function<void()>& work) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

void measure_open(const std::string& address, size_t at_once, double seconds) {
  std::atomic<uint64_t> opened = 0;
  std::atomic<uint64_t> failed = 0;
  const Clock::time_point start = Clock::now();
  in_threads(at_once, [&] {
    while (seconds_since(start) < seconds) {
      ++(open_connection(address, kEcho) ? opened : failed);
    }
  });
  const double per_s = static_cast<double>(opened) / seconds_since(start);
  std::printf("{\"per_s\": %.2f, \"failed\": %llu}\n", per_s,
              static_cast<unsigned long long>(failed.load()));
}

// Keeps idle echoes, or sources that nobody reads, until standard input ends.
void hold(const std::string& address, size_t count, char kind) {
  std::vector<Socket> sockets;
  for (size_t i = 0; i < count; ++i) sockets.emplace_back(-1);
  std::atomic<size_t> next = 0;
  const Clock::time_point start = Clock::now();
  in_threads(std::min(count, kOpenersOfHeld), [&] {
    for (size_t i = next++; i < count; i = next++) sockets[i] = must_open(address, kind);
  });
  std::printf("{\"held\": %zu, \"seconds\": %.3f}\n", count, seconds_since(start));
  std::fflush(stdout);
  char ignored = 0;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
}

// ---- the command line

constexpr const char* kUsage =
    "usage: bench_load serve HOST TALLY\n"
    "       bench_load bulk ADDRESS up|down CONNECTIONS SECONDS TALLY\n"
    "       bench_load ping ADDRESS COUNT\n"
    "       bench_load mixed ADDRESS CONNECTIONS SECONDS bulk|alone TALLY\n"
    "       bench_load open ADDRESS AT_ONCE SECONDS\n"
    "       bench_load hold ADDRESS COUNT echo|source\n";

int run(const std::vector<std::string>& words) {
  const auto is = [&](const char* mode, size_t arguments) {
    return words.size() == arguments + 1 && words[0] == mode;
  };
  const auto count = [&](size_t i) { return std::strtoul(words[i].c_str(), nullptr, 10); };
  const auto seconds = [&](size_t i) { return std::strtod(words[i].c_str(), nullptr); };
  allow_many_descriptors();
  if (is("serve", 2)) {
    serve(words[1], words[2]);
  } else if (is("bulk", 5)) {
    measure_bulk(words[1], words[2], count(3), seconds(4), words[5]);
  } else if (is("ping", 2)) {
    measure_ping(words[1], static_cast<int>(count(2)));
  } else if (is("mixed", 5)) {
    measure_mixed(words[1], count(2), seconds(3), words[4] == "bulk", words[5]);
  } else if (is("open", 3)) {
    measure_open(words[1], count(2), seconds(3));
  } else if (is("hold", 3)) {
    hold(words[1], count(2), words[3] == "source" ? kSource : kEcho);
  } else {
    std::fputs(kUsage, stderr);
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace mm::bench

int main(int argc, char** argv) {
  return mm::bench::run(std::vector<std::string>(argv + 1, argv + argc));
}
