// SPDX-License-Identifier: MIT
#include "secure/keyring.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/check.h"
#include "base/hex.h"

namespace mm::secure {
namespace {

using base::Code;
using base::Status;

constexpr size_t kFileBytesMost = 64 << 10;
constexpr std::string_view kHead =
    "# mindmeld keyring: whoever has this file is you. Share it with nobody.\n";
constexpr std::string_view kKeyLine = "key ed25519 ";

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

Status unusable(const std::string& path, int error) {
  return base::error(Code::kUnavailable, "the keyring " + path + ": " + std::strerror(error));
}

Status check_mode(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return unusable(path, errno);
  const bool is_open = (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (info.st_uid != geteuid() || !is_open) return absl::OkStatus();
  return base::error(Code::kPermissionDenied,
                     "the keyring " + path + " can be read by others: chmod 600 " + path);
}

std::optional<std::string> read_all(int fd) {
  std::string text;
  char block[4096];
  ssize_t count = 0;
  while ((count = ::read(fd, block, sizeof block)) > 0 && text.size() <= kFileBytesMost) {
    text.append(block, static_cast<size_t>(count));
  }
  if (count < 0) return std::nullopt;
  return text;
}

// The rest of the line that begins so.
std::optional<std::string_view> line_after(std::string_view text, std::string_view begin) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(begin)) return line.substr(begin.size());
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return std::nullopt;
}

}  // namespace

base::StatusOr<Keyring> Keyring::open(const std::string& path, base::Random& random) {
  for (const bool may_make : {true, false}) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd >= 0) return read(file.fd, path);
    if (errno != ENOENT || !may_make) break;
    if (const Status made = make(path, random); !made.ok()) return made;
  }
  return unusable(path, errno);
}

Keyring Keyring::temporary(base::Random& random) {
  Key key;
  random.fill(key);
  return Keyring(key);
}

base::StatusOr<Keyring> Keyring::read(int fd, const std::string& path) {
  if (const Status status = check_mode(fd, path); !status.ok()) return status;
  const std::optional<std::string> text = read_all(fd);
  if (!text) return unusable(path, errno);
  const std::optional<std::string_view> digits = line_after(*text, kKeyLine);
  Key key;
  if (!digits || !base::from_hex(*digits, key)) {
    return base::error(Code::kInvalidArgument,
                       path + " is not a keyring: move it away, and a new one is made");
  }
  return Keyring(key);
}

// Under another name first, and then linked: whoever sees it sees it whole.
Status Keyring::make(const std::string& path, base::Random& random) {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty() && std::filesystem::create_directories(folder, ignored)) {
    chmod(folder.c_str(), S_IRWXU);
  }
  Key key;
  random.fill(key);
  std::string text = std::string(kHead) + std::string(kKeyLine) + base::to_hex(key) + "\n";
  std::array<uint8_t, 8> suffix;
  random.fill(suffix);
  const std::string other = path + "." + base::to_hex(suffix);
  const Descriptor file(
      ::open(other.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.fd < 0) return unusable(path, errno);
  const bool is_written =
      ::write(file.fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(file.fd) == 0;
  const bool is_there = is_written && (link(other.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int error = errno;
  unlink(other.c_str());
  OPENSSL_cleanse(text.data(), text.size());
  return is_there ? absl::OkStatus() : unusable(path, error);
}

std::string Keyring::owner_proof(std::string_view router_origin, std::string_view service) const {
  std::string info = "owner v1|" + std::string(router_origin) + "|" + std::string(service);
  std::array<uint8_t, 32> proof;
  char digest[] = "SHA256";
  Key key = key_;
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(
      EVP_KDF_fetch(nullptr, "HKDF", nullptr), &EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(
      EVP_KDF_CTX_new(kdf.get()), &EVP_KDF_CTX_free);
  MM_CHECK(EVP_KDF_derive(context.get(), proof.data(), proof.size(), parameters) == 1);
  OPENSSL_cleanse(key.data(), key.size());
  return base::to_hex(proof);
}

}  // namespace mm::secure
