// SPDX-License-Identifier: MIT
// Opens listening sockets: every kernel address that an Address stands for, with one port number.
// Used by Listener. Blocks while a name is resolved: for start-up only. And where this machine may
// be reached, for who listens at all of its addresses.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "net/fd.h"

namespace mm::net {

// The name of a bound unix socket in the file system, removed on destruction if it is still the one
// that was bound.
class SocketFile {
 public:
  // Require: `path` has just been bound.
  explicit SocketFile(std::string path);
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;  // 0: was gone at once
};

struct BoundSocket {
  Fd fd;  // listens, does not block
  uint16_t port = 0;
  std::string text;                  // "127.0.0.1:8080", "unix:/path"
  std::unique_ptr<SocketFile> file;  // unix only
};

// At least one. "cannot listen on 127.0.0.1:8080: already in use by another program"
// (kAlreadyExists), and likewise with another code for every other cause.
base::StatusOr<std::vector<BoundSocket>> bind_all(const base::Address& address);

// The address from which this machine would speak to the world, and so may be reached at; its host
// name where there is no way out. Sends nothing.
std::string outward_address(bool prefers_ipv6);

}  // namespace mm::net
