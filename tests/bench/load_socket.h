// SPDX-License-Identifier: MIT
// What the bench's server and its clients share: blocking TCP sockets, and the tally in which a
// sink counts what it received. A failure ends the process: there is nobody to go on for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mm::bench {

constexpr size_t kBlockBytes = 256 << 10;

// The first byte of a connection says what the server does with it.
constexpr char kEcho = 'e';    // gives back every byte, this one too
constexpr char kSink = 'k';    // reads, and counts in the tally
constexpr char kSource = 's';  // writes until nobody reads

[[noreturn]] void fail(std::string_view what);  // with errno's text, where there is one

// A connection, or a listener; closes it.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  int descriptor() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

  // Of all `size` bytes; false if the connection ended before.
  bool send_all(const char* data, size_t size) const;
  bool receive_all(char* data, size_t size) const;
  size_t receive_some(char* data, size_t size) const;  // 0 once it ended, in whichever way

  void shut() const;   // whoever waits for this socket is woken, and hears that it ended
  void reset() const;  // closing it drops what is still on its way, at every hop

 private:
  int descriptor_;
};

// "127.0.0.1:80". An empty socket if nobody takes the connection.
Socket dial(const std::string& address);
Socket listen_on(const std::string& host, uint16_t& port);  // at a port of the kernel's choice

// A number in a file that several processes map: it counts across network namespaces as well.
std::atomic<uint64_t>& open_tally(const std::string& path);

void allow_many_descriptors();

}  // namespace mm::bench
