// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/hex.h"

namespace mm::base {
namespace {

constexpr size_t kFileBytesMost = 4 << 20;

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

Status unreadable(int error_number) {
  const Code code =
      error_number == ENOENT || error_number == ENOTDIR ? Code::kNotFound : Code::kUnavailable;
  return error(code, std::strerror(error_number));
}

StatusOr<std::string> read_all(int fd) {
  std::string text;
  std::array<char, 16 << 10> block;
  for (;;) {
    const ssize_t count = ::read(fd, block.data(), block.size());
    if (count < 0) return unreadable(errno);
    if (count == 0) return text;
    text.append(block.data(), static_cast<size_t>(count));
    if (text.size() > kFileBytesMost) return error(Code::kUnavailable, "it is larger than 4 MiB");
  }
}

bool write_all(int fd, const std::string& text) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
    if (count < 0) return false;
    written += static_cast<size_t>(count);
  }
  return fsync(fd) == 0;
}

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

bool is_exposed(const struct stat& info) {
  return info.st_uid == geteuid() && (info.st_mode & kOthers) != 0;
}

Status unwritable(const std::string& path, int error_number) {
  return error(Code::kUnavailable, "cannot write " + path + ": " + std::strerror(error_number));
}

}  // namespace

StatusOr<std::string> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return unreadable(errno);
  return read_all(file.fd);
}

StatusOr<SecretLine> read_secret_line(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (file.fd < 0 || fstat(file.fd, &info) != 0) return unreadable(errno);
  if (is_exposed(info)) {
    return error(Code::kPermissionDenied, "others can read it: chmod 600 " + path);
  }
  StatusOr<std::string> text = read_all(file.fd);
  if (!text.ok()) return text.status();
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  const bool has_lines = text->find('\n') != std::string::npos;
  const bool is_empty = text->empty();
  SecretLine line{Secret(*std::move(text)), (info.st_mode & kOthers) != 0};
  if (is_empty) return error(Code::kInvalidArgument, "it is empty");
  if (has_lines) return error(Code::kInvalidArgument, "it has more than one line");
  return line;
}

bool is_exposed(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && is_exposed(info);
}

FileVersion file_version(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_size,
          int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

Status replace_file(const std::string& path, const std::string& text, mode_t mode, Random& random) {
  std::error_code no_file;
  const std::string resolved = std::filesystem::canonical(path, no_file).string();
  const std::string& target = no_file ? path : resolved;
  std::array<uint8_t, 8> suffix;
  random.fill(suffix);
  const std::string other = target + "." + to_hex(suffix);
  const Descriptor file(::open(other.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR));
  if (file.fd < 0) return unwritable(other, errno);
  struct stat before {};
  if (stat(target.c_str(), &before) == 0 && before.st_uid != geteuid()) {
    [[maybe_unused]] const int kept = fchown(file.fd, before.st_uid, before.st_gid);
  }
  const bool is_done = fchmod(file.fd, mode) == 0 && write_all(file.fd, text) &&
                       rename(other.c_str(), target.c_str()) == 0;
  if (is_done) return absl::OkStatus();
  const int why = errno;
  unlink(other.c_str());
  return unwritable(target, why);
}

Status update_file(const std::string& path, mode_t mode, Random& random, const Edit& edit) {
  for (;;) {
    const bool is_new = file_version(path) == FileVersion();
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, mode));
    struct stat locked {};
    if (file.fd < 0 || flock(file.fd, LOCK_EX) != 0 || fstat(file.fd, &locked) != 0) {
      return unwritable(path, errno);
    }
    // Whoever had the lock before has put another file in the place of the one that is locked now.
    if (file_version(path).inode != locked.st_ino) continue;
    const StatusOr<std::string> text = read_all(file.fd);
    if (!text.ok()) return error(Code::kUnavailable, path + ": " + message(text.status()));
    StatusOr<std::string> edited = edit(*text);
    if (!edited.ok()) {
      if (is_new && text->empty()) unlink(path.c_str());
      return edited.status();
    }
    const mode_t kept_mode = is_new ? mode : locked.st_mode & 07777;
    const Status replaced = replace_file(path, *edited, kept_mode, random);
    wipe(*edited);
    return replaced;
  }
}

}  // namespace mm::base
