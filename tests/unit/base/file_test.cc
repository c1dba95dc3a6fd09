// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "unit/scratch.h"
#include "unit/seeded_random.h"

using namespace mm::base;

namespace {

std::string write(const std::string& path, const std::string& text, mode_t mode) {
  mm::test::SeededRandom random(1);
  REQUIRE(replace_file(path, text, mode, random).ok());
  return path;
}

std::string why_not(const std::string& path) {
  const auto line = read_secret_line(path);
  return line.ok() ? "(none)" : message(line.status());
}

}  // namespace

TEST_CASE("file: it is read as a whole, and what cannot be is told by its reason") {
  const Scratch scratch;
  const std::string text = std::string("a\0b\n", 4) + std::string(100'000, 'x');
  CHECK(*read_file(write(scratch.folder() + "/a", text, 0644)) == text);
  const auto absent = read_file(scratch.folder() + "/b");
  CHECK(absent.status().code() == Code::kNotFound);
  CHECK(message(absent.status()) == "No such file or directory");
  CHECK(message(read_file(scratch.folder()).status()) == "Is a directory");
  CHECK(message(read_file("/dev/zero").status()) == "it is larger than 4 MiB");
}

TEST_CASE("file: what replaces another is there whole, with its mode, and through a link") {
  const Scratch scratch;
  const std::string path = write(scratch.folder() + "/a", "one", 0644);
  const FileVersion before = file_version(path);
  CHECK(before != FileVersion());
  CHECK(file_version(path) == before);
  std::filesystem::create_symlink(path, scratch.folder() + "/link");
  write(scratch.folder() + "/link", "two", 0600);
  CHECK(*read_file(path) == "two");
  CHECK(file_version(path) != before);
  CHECK(std::filesystem::is_symlink(scratch.folder() + "/link"));
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const auto files = std::filesystem::directory_iterator(scratch.folder());
  CHECK(std::distance(begin(files), end(files)) == 2);  // nothing half done is left
  CHECK(file_version(scratch.folder() + "/none") == FileVersion());
}

TEST_CASE("file: a secret is one line of a file that nobody else may read") {
  const Scratch scratch;
  CHECK(read_secret_line(write(scratch.folder() + "/a", "s3cret\n", 0600))->text.reveal() ==
        "s3cret");
  CHECK(read_secret_line(write(scratch.folder() + "/a", "s3cret\r\n", 0400))->text.reveal() ==
        "s3cret");
  CHECK_FALSE(read_secret_line(scratch.folder() + "/a")->others_can_read);
  CHECK(why_not(write(scratch.folder() + "/a", "\n\n", 0600)) == "it is empty");
  CHECK(why_not(write(scratch.folder() + "/a", "one\ntwo\n", 0600)) == "it has more than one line");
  CHECK(why_not(scratch.folder() + "/b") == "No such file or directory");
  for (const mode_t mode : {0644, 0640, 0602}) {
    CHECK(why_not(write(scratch.folder() + "/a", "s3cret\n", mode)) ==
          "others can read it: chmod 600 " + scratch.folder() + "/a");
  }
}

TEST_CASE("file: what root puts in another user's place is that user's still") {
  if (geteuid() != 0) return;
  const Scratch scratch;
  const std::string path = write(scratch.folder() + "/a", "one", 0600);
  REQUIRE(chown(path.c_str(), 12'345, 12'346) == 0);
  write(path, "two", 0600);
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK(info.st_uid == 12'345);
  CHECK(info.st_gid == 12'346);
}

TEST_CASE("file: another user's is read, and that others can read it is told") {
  if (geteuid() != 0) return;
  const Scratch scratch;
  const std::string path = write(scratch.folder() + "/a", "s3cret", 0644);
  REQUIRE(chown(path.c_str(), 12'345, 12'345) == 0);
  const auto line = read_secret_line(path);
  REQUIRE(line.ok());
  CHECK(line->others_can_read);
}
