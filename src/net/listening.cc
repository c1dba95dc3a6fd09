// SPDX-License-Identifier: MIT
#include "net/listening.h"

#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <string>

namespace mm::net {

using base::Address;

std::optional<bool> is_listened_to(const Address& address) {
  if (address.kind == Address::Kind::kUnix) {
    struct stat file {};
    return stat(address.path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode);
  }
  if (address.kind != Address::Kind::kTcp || !base::is_loopback(address.host)) return std::nullopt;
  bool could_read = false;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream table(path);
    could_read = could_read || table.is_open();
    if (has_listener(table, address.port)) return true;
  }
  if (!could_read) return std::nullopt;
  return false;
}

// "  0: 0100007F:0BB8 00000000:0000 0A …": number, local address and port, the other side's, state
// (0A: listening). Source: Linux, Documentation/networking/proc_net_tcp.rst
bool has_listener(std::istream& table, uint16_t port) {
  std::string line;
  std::getline(table, line);  // the columns' names
  std::string number;
  std::string local;
  std::string remote;
  std::string state;
  while (table >> number >> local >> remote >> state && std::getline(table, line)) {
    const std::string text = local.substr(local.find(':') + 1);
    uint16_t found = 0;
    std::from_chars(text.data(), text.data() + text.size(), found, 16);
    if (state == "0A" && found == port) return true;
  }
  return false;
}

}  // namespace mm::net
