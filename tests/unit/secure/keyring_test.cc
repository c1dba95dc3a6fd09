// SPDX-License-Identifier: MIT
#include "secure/keyring.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/seeded_random.h"

using namespace mm;
using secure::Keyring;

namespace {

struct Folder {
  Folder() { REQUIRE(mkdtemp(text) != nullptr); }
  ~Folder() { std::filesystem::remove_all(text); }
  std::string operator/(const std::string& name) const { return std::string(text) + "/" + name; }
  char text[32] = "/tmp/mindmeld-keyring-XXXXXX";
};

std::string proof(const base::StatusOr<Keyring>& keyring, std::string_view service = "web") {
  REQUIRE(keyring.ok());
  return keyring->owner_proof("https://relay.example.com:443", service);
}

}  // namespace

TEST_CASE("keyring: the first use makes it, for this user alone, and the next one finds it") {
  const Folder folder;
  test::SeededRandom random(1);
  const std::string path = folder / "new/mindmeld/keyring";
  const std::string first = proof(Keyring::open(path, random));
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(first.size() == 64);
  CHECK(proof(Keyring::open(path, random)) == first);
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "new/mindmeld"), {}) == 1);
}

TEST_CASE("keyring: each router, service and keyring has its own proof") {
  test::SeededRandom random(1);
  const Keyring mine = Keyring::temporary(random);
  const Keyring other = Keyring::temporary(random);
  CHECK(mine.owner_proof("http://a:1", "web") == mine.owner_proof("http://a:1", "web"));
  CHECK(mine.owner_proof("http://a:1", "web") != mine.owner_proof("http://a:1", "db"));
  CHECK(mine.owner_proof("http://a:1", "web") != mine.owner_proof("http://b:1", "web"));
  CHECK(mine.owner_proof("http://a:1", "web") != other.owner_proof("http://a:1", "web"));
}

TEST_CASE("keyring: one that others can read is refused, and so is what is none") {
  const Folder folder;
  test::SeededRandom random(1);
  const std::string path = folder / "keyring";
  proof(Keyring::open(path, random));
  REQUIRE(chmod(path.c_str(), 0640) == 0);
  CHECK(Keyring::open(path, random).status().code() == base::Code::kPermissionDenied);
  REQUIRE(chmod(path.c_str(), 0600) == 0);
  std::ofstream(path, std::ios::trunc) << "key ed25519 0badcafe\n";
  CHECK(Keyring::open(path, random).status().code() == base::Code::kInvalidArgument);
}

TEST_CASE("keyring: where none can be made, it says so") {
  test::SeededRandom random(1);
  CHECK(Keyring::open("/proc/mindmeld/keyring", random).status().code() ==
        base::Code::kUnavailable);
}
