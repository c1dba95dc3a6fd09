// SPDX-License-Identifier: MIT
#include "secure/keyring_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/hex.h"
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

bool write_all(int fd, const std::string& text) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
    if (count < 0) return false;
    written += static_cast<size_t>(count);
  }
  return fsync(fd) == 0;
}

}  // namespace

StatusOr<std::string> KeyringFile::read() {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0 && errno == ENOENT) return std::string();
  if (file.fd < 0) return unusable(errno);
  version_ = version_of(file.fd);
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
    struct stat now {};
    if (stat(path_.c_str(), &now) != 0 || now.st_ino != version_of(file.fd).inode) continue;
    const StatusOr<std::string> text = read_all(file.fd);
    if (!text.ok()) return text.status();
    StatusOr<std::string> edited = edit(*text);
    if (!edited.ok()) return edited.status();
    const Status replaced = replace(random, *edited);
    base::wipe(*edited);
    return replaced;
  }
}

// Under another name first, so that whoever sees it sees it whole.
Status KeyringFile::replace(base::Random& random, const std::string& text) {
  std::error_code error;
  const std::string path = std::filesystem::canonical(path_, error).string();  // not a link to it
  std::array<uint8_t, 8> suffix;
  random.fill(suffix);
  const std::string other = path + "." + base::to_hex(suffix);
  const Descriptor file(
      ::open(other.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.fd < 0) return unusable(errno);
  if (write_all(file.fd, text) && rename(other.c_str(), path.c_str()) == 0) {
    version_ = version_of(file.fd);
    return absl::OkStatus();
  }
  const int why = errno;
  unlink(other.c_str());
  return unusable(why);
}

bool KeyringFile::has_changed() const {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  return file.fd >= 0 && version_of(file.fd) != version_;
}

KeyringFile::Version KeyringFile::version_of(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return {};
  return {info.st_ino, info.st_size,
          int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

StatusOr<std::string> KeyringFile::read_all(int fd) const {
  struct stat info {};
  if (fstat(fd, &info) != 0) return unusable(errno);
  const bool is_open = (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (info.st_uid == geteuid() && is_open) {
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
