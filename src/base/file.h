// SPDX-License-Identifier: MIT
// Small files as a whole: read, told apart, and replaced. Errors are the reason alone, "No such
// file or directory": the caller says which file, and what it is for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/random.h"
#include "base/secret.h"
#include "base/status.h"

namespace mm::base {

// At most 4 MiB: what people and programs write for us is far smaller, and /dev/zero never ends.
// kNotFound: there is no such file. kUnavailable: it cannot be read.
StatusOr<std::string> read_file(const std::string& path);

// The only line of a file that holds a secret, without its end. Also kPermissionDenied: it is this
// user's, and others may read it; and kInvalidArgument: it is empty, or has more lines.
struct SecretLine {
  Secret text;
  bool others_can_read = false;  // another user's file, a mounted one often: theirs to judge
};
StatusOr<SecretLine> read_secret_line(const std::string& path);

// Its owner is this user, and others may read or write it.
bool is_exposed(const std::string& path);

// What tells one text of a file from the next without reading it. Equal to FileVersion(): there is
// no such file.
struct FileVersion {
  ino_t inode = 0;
  off_t bytes = 0;
  int64_t modified_ns = 0;
  bool operator==(const FileVersion&) const = default;
};
FileVersion file_version(const std::string& path);

// Puts `text` in the place of what `path` holds, or makes it: whoever reads meanwhile sees the old
// text or the new one, whole. A link stays one, and for root another user's file stays that user's.
// kUnavailable: it cannot be written.
Status replace_file(const std::string& path, const std::string& text, mode_t mode, Random& random);

// Puts in a file's place what `edit` makes of its text (empty: it did not exist, and is made, with
// `mode`). While it runs no other process does the same. An error of `edit` changes nothing and is
// returned. kUnavailable: it can be neither read nor written.
using Edit = std::function<StatusOr<std::string>(const std::string& text)>;
Status update_file(const std::string& path, mode_t mode, Random& random, const Edit& edit);

}  // namespace mm::base
