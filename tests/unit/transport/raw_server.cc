// SPDX-License-Identifier: MIT
#include "raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/check.h"

namespace mm::test {
namespace {

bool read_exactly(int connection, std::string& out, size_t count) {
  out.resize(count);
  return recv(connection, out.data(), count, MSG_WAITALL) == static_cast<ssize_t>(count);
}

void send_all(int connection, const std::string& bytes) {
  send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void read_to_the_end(int connection) {
  std::array<char, 4096> bytes;
  while (recv(connection, bytes.data(), bytes.size(), 0) > 0) continue;
}

}  // namespace

RawServer::RawServer(std::function<void(int)> serve)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  MM_CHECK(bind(listener_, generic, size) == 0 && listen(listener_, 8) == 0);
  MM_CHECK(getsockname(listener_, generic, &size) == 0);
  url_.port = ntohs(address.sin_port);
  thread_ = std::thread([this, serve = std::move(serve)] { accept_all(serve); });
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    shutdown(listener_, SHUT_RDWR);
    shutdown(connection_, SHUT_RDWR);
  }
  thread_.join();
  close(listener_);
}

void RawServer::accept_all(const std::function<void(int)>& serve) {
  while (const int connection = accept_next()) {
    serve(connection);
    const std::lock_guard lock(mutex_);
    close(std::exchange(connection_, -1));
  }
}

int RawServer::accept_next() {
  const int connection = accept(listener_, nullptr, nullptr);
  if (connection < 0) return 0;
  const std::lock_guard lock(mutex_);
  connection_ = connection;
  if (closing_) shutdown(connection, SHUT_RDWR);
  return connection;
}

void answer_once(int connection, const std::string& answer) {
  std::array<char, 4096> request;
  if (recv(connection, request.data(), request.size(), 0) <= 0) return;
  send_all(connection, answer);
  read_to_the_end(connection);
}

void answer_http2(int connection, const std::string& status) {
  constexpr size_t kPreface = 24;
  constexpr size_t kFrameHeader = 9;
  constexpr char kHeaders = 1;
  std::string bytes;
  if (!read_exactly(connection, bytes, kPreface)) return;
  send_all(connection, std::string({0, 0, 0, 4, 0, 0, 0, 0, 0}));  // SETTINGS
  do {
    if (!read_exactly(connection, bytes, kFrameHeader)) return;
    const auto at = [&bytes](size_t i) {
      return static_cast<size_t>(static_cast<uint8_t>(bytes[i]));
    };
    std::string payload;
    if (!read_exactly(connection, payload, at(0) << 16 | at(1) << 8 | at(2))) return;
  } while (bytes[3] != kHeaders);
  // HEADERS of stream 1, the last frame of both kinds: `:status`, name 8 of HPACK's static table.
  send_all(connection, std::string({0, 0, 5, 1, 5, 0, 0, 0, 1, 8, 3}) + status);
  read_to_the_end(connection);
}

}  // namespace mm::test
