// SPDX-License-Identifier: MIT
// Keyring: the file that makes a user the same one in every process and on every machine where it
// lies: the user's key, the tickets to the user's services, and those that others gave. Made on
// first use, readable by this user alone. Used by share and connect.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/secret.h"
#include "base/status.h"
#include "secure/identity.h"
#include "secure/keyring_file.h"

namespace mm::secure {

// What opens one service to one guest, or to whoever has it.
struct Grant {
  static constexpr size_t kSecretBytes = 16;

  std::string service;
  std::string label;      // the guest's; empty: whoever has the ticket
  uint64_t serial = 0;    // how many this service had before
  int64_t expires_s = 0;  // Unix time
  base::Secret secret;    // kSecretBytes

  static base::Secret new_secret(base::Random& random);
};

class Keyring {
 public:
  // Reads `path`, or makes it, and the folder that it is in. Two processes that make it at once
  // get the same one. kPermissionDenied: others may read it. kInvalidArgument: it is no keyring.
  // kUnavailable: it can be neither read nor made, or `path` is empty.
  static base::StatusOr<Keyring> open(const std::string& path, base::Random& random);

  // One that nobody else has, and that is kept nowhere.
  static Keyring temporary(base::Random& random);

  bool is_kept() const { return file_.has_value(); }  // it is not temporary

  // Reads the file again if it has changed; true: it did, and is a keyring of the same key. What is
  // wrong with a changed file is left for the next start to tell.
  bool reload();

  // A text that only this keyring can make, for one service at one router
  // ("https://relay.example.com:443"): HKDF-SHA256 of the key, as 64 hex digits.
  std::string owner_proof(std::string_view router_origin, std::string_view service) const;

  // The key with which this user's shares prove who they are.
  Identity identity() const;

  // What opens a service of this user to this user, wherever this keyring lies.
  base::Secret own_secret(std::string_view service) const;

  // The grants of a service, expired ones too.
  std::vector<Grant> grants(std::string_view service) const;

  // The grant of this service and label: the one that there is, unless it has expired or `renew`;
  // else a new one in its place, written to the file. kUnavailable: that failed, and the grant is
  // good for as long as this object lives.
  struct Granted {
    Grant grant;
    base::Status kept;
  };
  Granted grant(std::string_view service, std::string_view label, bool renew, int64_t now_s,
                base::Random& random);

  // Takes away every grant of the service.
  base::Status revoke_all(std::string_view service, base::Random& random);

  // The ticket of somebody else's service that is kept under this name.
  std::optional<base::Secret> kept_ticket(std::string_view name) const;
  base::Status keep_ticket(std::string_view name, const base::Secret& ticket, base::Random& random);

 private:
  using Key = std::array<uint8_t, 32>;  // the seed of an Ed25519 key (RFC 8032)

  // What the file says.
  struct Content {
    Key key{};
    std::vector<Grant> grants;
    std::map<std::string, base::Secret, std::less<>> kept;
    std::vector<std::string> others;  // lines of a later version, and people's own comments
  };

  Keyring() = default;
  static std::optional<Content> parse(std::string_view text);
  static std::string text_of(const Content& content);
  base::Status change(base::Random& random, const std::function<void(Content&)>& how);
  base::Secret derive(std::string_view info) const;

  std::optional<KeyringFile> file_;  // nothing: temporary
  Content content_;
};

}  // namespace mm::secure
