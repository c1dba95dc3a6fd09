// SPDX-License-Identifier: MIT
#include "secure/keyring_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/secret.h"

namespace mm::secure {
namespace {

using base::Code;
using base::Status;
using base::StatusOr;

constexpr size_t kFileBytesMost = 1 << 20;

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

}  // namespace

StatusOr<std::string> KeyringFile::read() {
  version_ = base::file_version(path_);  // before it is read: what changes after that is seen
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0 && errno == ENOENT) return std::string();
  if (file.fd < 0) return unusable(errno);
  return read_all(file.fd);
}

Status KeyringFile::update(base::Random& random, const Edit& edit) {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (!folder.empty() && std::filesystem::create_directories(folder, ignored)) {
    chmod(folder.c_str(), S_IRWXU);
  }
  for (;;) {
    const Descriptor file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file.fd < 0 || flock(file.fd, LOCK_EX) != 0) return unusable(errno);
    // Whoever had the lock before has put another file in the place of the one that is locked now.
    struct stat locked {};
    if (fstat(file.fd, &locked) != 0) return unusable(errno);
    if (base::file_version(path_).inode != locked.st_ino) continue;
    const StatusOr<std::string> text = read_all(file.fd);
    if (!text.ok()) return text.status();
    StatusOr<std::string> edited = edit(*text);
    if (!edited.ok()) return edited.status();
    const Status replaced = base::replace_file(path_, *edited, S_IRUSR | S_IWUSR, random);
    base::wipe(*edited);
    if (!replaced.ok()) return base::error(Code::kUnavailable, base::message(replaced));
    version_ = base::file_version(path_);
    return replaced;
  }
}

bool KeyringFile::has_changed() const {
  const base::FileVersion now = base::file_version(path_);
  return now != base::FileVersion() && now != version_;
}

StatusOr<std::string> KeyringFile::read_all(int fd) const {
  if (base::is_exposed(fd)) {
    return base::error(Code::kPermissionDenied,
                       "the keyring " + path_ + " can be read by others: chmod 600 " + path_);
  }
  std::string text;
  char block[4096];
  ssize_t count = 0;
  while ((count = ::read(fd, block, sizeof block)) > 0) {
    text.append(block, static_cast<size_t>(count));
    if (text.size() > kFileBytesMost) return unusable(EFBIG);
  }
  if (count < 0) return unusable(errno);
  return text;
}

Status KeyringFile::unusable(int error) const {
  return base::error(Code::kUnavailable, "the keyring " + path_ + ": " + std::strerror(error));
}

}  // namespace mm::secure
