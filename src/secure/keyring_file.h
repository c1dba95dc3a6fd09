// SPDX-License-Identifier: MIT
// KeyringFile: the keyring's text on disk: for this user alone, replaced as a whole, by any number
// of processes at once. Keyring knows what it says.
#pragma once

#include <string>

#include "base/file.h"
#include "base/random.h"
#include "base/status.h"

namespace mm::secure {

class KeyringFile {
 public:
  explicit KeyringFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // Its text; empty: it does not exist yet. kPermissionDenied: others may read it. kUnavailable: it
  // cannot be read.
  base::StatusOr<std::string> read();

  // Puts in its place what `edit` makes of its text (empty: it did not exist), and makes it and its
  // folder where they are not. While it runs no other process changes it; whoever reads meanwhile
  // sees the old text or the new one, whole. An error of `edit` changes nothing and is returned.
  base::Status update(base::Random& random, const base::Edit& edit);

  // It is another one than this object has read or written last.
  bool has_changed() const;

 private:
  const std::string path_;
  base::FileVersion version_;
};

}  // namespace mm::secure
