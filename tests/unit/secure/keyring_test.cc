// SPDX-License-Identifier: MIT
#include "secure/keyring.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
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

TEST_CASE("keyring: a service's grant stays the same until it expires or is renewed") {
  const Folder folder;
  test::SeededRandom random(1);
  const std::string path = folder / "keyring";
  Keyring keyring = *Keyring::open(path, random);
  const auto first = keyring.grant("web", "", false, 1'000, random);
  REQUIRE(first.kept.ok());
  CHECK(first.grant.secret.reveal().size() == secure::Grant::kSecretBytes);
  CHECK(first.grant.expires_s == 1'000 + 30 * 24 * 3600);
  const auto secret = [&](bool renew, int64_t now_s, const std::string& label = "") {
    Keyring again = *Keyring::open(path, random);
    return std::string(again.grant("web", label, renew, now_s, random).grant.secret.reveal());
  };
  const std::string same(first.grant.secret.reveal());
  CHECK(secret(false, 1'001) == same);
  CHECK(secret(false, 1'001, "bob") != same);
  CHECK(secret(false, 1'001) == same);
  CHECK(secret(false, first.grant.expires_s) != same);
  const std::string second = secret(false, first.grant.expires_s);
  CHECK(secret(true, first.grant.expires_s) != second);
  CHECK(Keyring::open(path, random)->grants("web").size() == 2);  // bob's, and whoever's
  CHECK(Keyring::open(path, random)->grants("web").back().serial > first.grant.serial);
}

TEST_CASE("keyring: what another process changes is seen, and what it added is not lost") {
  const Folder folder;
  test::SeededRandom random(1);
  const std::string path = folder / "keyring";
  Keyring mine = *Keyring::open(path, random);
  Keyring other = *Keyring::open(path, random);
  CHECK(!mine.reload());
  other.grant("web", "", false, 0, random);
  CHECK(mine.reload());
  CHECK(!mine.reload());
  CHECK(mine.grants("web").size() == 1);
  mine.grant("db", "", false, 0, random);
  REQUIRE(other.keep_ticket("api", base::Secret("https://h/api#x"), random).ok());
  CHECK(other.grants("db").size() == 1);
  REQUIRE(mine.revoke_all("web", random).ok());
  CHECK(other.reload());
  CHECK(other.grants("web").empty());
  CHECK(other.kept_ticket("api")->reveal() == "https://h/api#x");
  CHECK(!other.kept_ticket("web"));
}

TEST_CASE("keyring: a line that a person or a later version wrote is kept") {
  const Folder folder;
  test::SeededRandom random(1);
  const std::string path = folder / "keyring";
  Keyring keyring = *Keyring::open(path, random);
  std::ofstream(path, std::ios::app) << "# my own\nfuture thing 1\n";
  REQUIRE(keyring.keep_ticket("api", base::Secret("https://h/api#x"), random).ok());
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  CHECK(text.find("# my own\nfuture thing 1\n") != std::string::npos);
  CHECK(text.find("kept api https://h/api#x\n") != std::string::npos);
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("keyring: a line of ours that is not whole makes it none") {
  const Folder folder;
  test::SeededRandom random(1);
  const std::string path = folder / "keyring";
  REQUIRE(Keyring::open(path, random).ok());
  const std::string whole = *base::read_file(path);
  for (const char* line : {"ticket web - 0 1000 beef", "kept web ", "kept web a b"}) {
    CAPTURE(line);
    std::ofstream(path) << whole << line << "\n";
    CHECK(Keyring::open(path, random).status().code() == base::Code::kInvalidArgument);
  }
}

TEST_CASE("keyring: the same key opens this user's own services everywhere, and no other's") {
  test::SeededRandom random(1);
  const Keyring mine = Keyring::temporary(random);
  const Keyring other = Keyring::temporary(random);
  CHECK(mine.own_secret("web").reveal() == mine.own_secret("web").reveal());
  CHECK(mine.own_secret("web").reveal() != mine.own_secret("db").reveal());
  CHECK(mine.own_secret("web").reveal() != other.own_secret("web").reveal());
  CHECK(mine.identity().fingerprint() != other.identity().fingerprint());
}
