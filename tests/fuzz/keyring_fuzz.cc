// SPDX-License-Identifier: MIT
// Any text as a keyring: it is one or it is not, and adding to one loses nothing of it.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "secure/keyring.h"

using namespace mm;

namespace {

// In memory where there is such a folder: this writes many files.
struct File {
  std::string path =
      access("/dev/shm", W_OK) == 0 ? "/dev/shm/mindmeld-fuzz-XXXXXX" : "/tmp/mindmeld-fuzz-XXXXXX";
  File() { close(mkstemp(path.data())); }
  ~File() { unlink(path.c_str()); }

  void set(const uint8_t* data, size_t size) const {
    const int fd = open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    MM_CHECK(fd >= 0 && write(fd, data, size) == static_cast<ssize_t>(size));
    close(fd);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const File file;
  static base::SystemRandom random;
  file.set(data, size);
  auto keyring = secure::Keyring::open(file.path, random);
  if (!keyring.ok()) return 0;
  const size_t grants = keyring->grants("web").size();
  if (size % 8 != 0) return 0;  // changing a file costs a thousand times as much as reading it
  MM_CHECK(keyring->grant("web", "guest", true, 0, random).kept.ok());
  const auto again = secure::Keyring::open(file.path, random);
  MM_CHECK(again.ok() && again->grants("web").size() + 1 >= grants);
  MM_CHECK(again->identity().fingerprint() == keyring->identity().fingerprint());
  return 0;
}
