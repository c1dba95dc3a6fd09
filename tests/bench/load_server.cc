// SPDX-License-Identifier: MIT
#include "bench/load_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/load_socket.h"

namespace mm::bench {
namespace {

void sink(const Socket& connection, std::atomic<uint64_t>& tally) {
  std::vector<char> block(kBlockBytes);
  while (const size_t received = connection.receive_some(block.data(), block.size())) {
    tally.fetch_add(received, std::memory_order_relaxed);
  }
}

void source(const Socket& connection) {
  const std::vector<char> block(kBlockBytes, 'x');
  while (connection.send_all(block.data(), block.size())) {
  }
}

// One thread waits for all echoes, of which there may be ten thousand; each bulk has its own.
class Server {
 public:
  Server(Socket listener, std::atomic<uint64_t>& tally)
      : listener_(std::move(listener)), tally_(tally), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(listener_.descriptor());
    watch(STDIN_FILENO);
  }

  void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int count = epoll_wait(epoll_.descriptor(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const int ready = events[static_cast<size_t>(i)].data.fd;
        if (ready == STDIN_FILENO) return;
        if (ready == listener_.descriptor()) {
          take_connection();
        } else {
          answer(connections_.at(ready));
        }
      }
    }
  }

 private:
  struct Connection {
    Socket socket;
    bool has_spoken = false;
  };

  void watch(int descriptor) const {
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
    if (epoll_ctl(epoll_.descriptor(), EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
  }

  void take_connection() {
    Socket socket(accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket && errno == ECONNABORTED) return;
    if (!socket) fail("accept");
    const int yes = 1;
    setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    const int descriptor = socket.descriptor();
    watch(descriptor);
    connections_.emplace(descriptor, Connection{std::move(socket)});
  }

  void answer(Connection& connection) {
    std::array<char, 4096> data;
    const int descriptor = connection.socket.descriptor();
    // Until it says that it is an echo, no more than the byte that does: the rest is a sink's.
    const size_t wanted = connection.has_spoken ? data.size() : 1;
    const size_t received = connection.socket.receive_some(data.data(), wanted);
    if (received > 0 && !connection.has_spoken && data[0] != kEcho) {
      epoll_ctl(epoll_.descriptor(), EPOLL_CTL_DEL, descriptor, nullptr);
      serve_bulk(std::move(connection.socket), data[0] == kSink);
      connections_.erase(descriptor);
      return;
    }
    connection.has_spoken = true;
    if (received == 0 || !connection.socket.send_all(data.data(), received)) {
      connections_.erase(descriptor);
    }
  }

  void serve_bulk(Socket socket, bool is_sink) {
    std::thread([socket = std::move(socket), is_sink, &tally = tally_] {
      if (is_sink) {
        sink(socket, tally);
      } else {
        source(socket);
      }
    }).detach();
  }

  const Socket listener_;
  std::atomic<uint64_t>& tally_;
  const Socket epoll_;
  std::unordered_map<int, Connection> connections_;
};

}  // namespace

void serve(const std::string& host, const std::string& tally) {
  uint16_t port = 0;
  Socket listener = listen_on(host, port);
  std::printf("{\"port\": %u}\n", port);
  std::fflush(stdout);
  Server(std::move(listener), open_tally(tally)).run();
  std::_Exit(0);  // threads may still be at work
}

}  // namespace mm::bench
