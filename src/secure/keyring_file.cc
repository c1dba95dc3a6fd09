// SPDX-License-Identifier: MIT
#include "secure/keyring_file.h"

#include <sys/stat.h>

#include <filesystem>

namespace mm::secure {
namespace {

using base::Code;
using base::Status;
using base::StatusOr;

}  // namespace

StatusOr<std::string> KeyringFile::read() {
  version_ = base::file_version(path_);  // before it is read: what changes after that is seen
  if (base::is_exposed(path_)) {
    return base::error(Code::kPermissionDenied,
                       "the keyring " + path_ + " can be read by others: chmod 600 " + path_);
  }
  auto text = base::read_file(path_);
  if (text.status().code() == Code::kNotFound) return std::string();
  if (text.ok()) return text;
  return base::error(Code::kUnavailable,
                     "the keyring " + path_ + ": " + base::message(text.status()));
}

Status KeyringFile::update(base::Random& random, const base::Edit& edit) {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (!folder.empty() && std::filesystem::create_directories(folder, ignored)) {
    chmod(folder.c_str(), S_IRWXU);
  }
  if (const StatusOr<std::string> now = read(); !now.ok()) return now.status();
  const Status updated = base::update_file(path_, S_IRUSR | S_IWUSR, random, edit);
  if (updated.ok()) version_ = base::file_version(path_);
  return updated;
}

bool KeyringFile::has_changed() const {
  const base::FileVersion now = base::file_version(path_);
  return now != base::FileVersion() && now != version_;
}

}  // namespace mm::secure
