// SPDX-License-Identifier: MIT
#include "transport/identity.h"

#include <doctest/doctest.h>

#include <fstream>
#include <thread>

#include "base/base64url.h"
#include "unit/scratch.h"

using namespace mm;
using base::message;

namespace {

std::string base64url(const std::string& text) {
  return base::to_base64url({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::string token_until(const std::string& end_s) {
  return base64url(R"({"alg":"none"})") + "." + base64url(R"({"exp":)" + end_s + "}") + ".c2ln";
}

// A command that prints what a file says, and how often it was run.
struct IdentityWorld {
  explicit IdentityWorld(const std::string& token) { print(token); }

  void print(const std::string& token) const { scratch.file("token", token + "\n"); }
  std::string shown() {
    const auto token = identity.token();
    return token.ok() ? std::string(token->reveal()) : message(token.status());
  }
  size_t runs() const {
    std::ifstream file(scratch.folder() + "/runs");
    size_t lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }

  const Scratch scratch;
  int64_t now_s = 1'000'000;
  transport::Identity identity{
      "echo run >> " + scratch.folder() + "/runs; cat " + scratch.folder() + "/token",
      [this] { return now_s; }};
};

std::string why_not(const std::string& command) {
  transport::Identity identity(command, [] { return int64_t{0}; });
  const auto token = identity.token();
  CHECK(token.status().code() == base::Code::kUnavailable);
  return message(token.status());
}

}  // namespace

TEST_CASE("identity: a token is used until a minute before it ends") {
  const std::string first = token_until("1003600");
  const std::string second = token_until("1007200");
  IdentityWorld world(first);
  CHECK(world.shown() == first);
  world.print(second);
  world.now_s = 1'003'539;
  CHECK(world.shown() == first);
  CHECK(world.runs() == 1);
  world.now_s = 1'003'540;
  CHECK(world.shown() == second);
  CHECK(world.runs() == 2);
}

TEST_CASE("identity: what does not say when it ends is asked for again after five minutes") {
  for (const std::string& token :
       {std::string("opaque"), std::string("a.b.c"), token_until("\"soon\""), token_until("-1"),
        token_until("1e99"), base64url("{}") + "." + base64url("[]") + ".x", std::string("..")}) {
    CAPTURE(token);
    IdentityWorld world(token);
    CHECK(world.shown() == token);
    world.now_s += 299;
    CHECK(world.shown() == token);
    CHECK(world.runs() == 1);
    world.now_s += 1;
    CHECK(world.shown() == token);
    CHECK(world.runs() == 2);
  }
}

TEST_CASE("identity: one that has ended as it comes is not asked for with every call") {
  IdentityWorld world(token_until("7"));
  for (int i = 0; i < 5; ++i) world.shown();
  CHECK(world.runs() == 1);
  world.now_s += 10;
  world.shown();
  CHECK(world.runs() == 2);
}

TEST_CASE("identity: a command that fails is told, and tried again with the next call") {
  CHECK(why_not("exit 7") ==
        "the identity command failed with exit code 7: run it by hand to see why");
  CHECK(why_not("/nonexistent/command") ==
        "the identity command failed with exit code 127: run it by hand to see why");
  CHECK(why_not("kill -TERM $$") == "the identity command was ended by signal 15");
  CHECK(why_not("true") == "the identity command printed nothing: it must print a token");
  CHECK(why_not("echo; echo") == "the identity command printed nothing: it must print a token");
  CHECK(why_not("echo a; echo b") ==
        "the identity command printed more than one token: it must print nothing else");
  CHECK(why_not("echo a b") ==
        "the identity command printed more than one token: it must print nothing else");
  CHECK(why_not("yes") ==
        "the identity command printed more than one token: it must print nothing else");
  IdentityWorld world("");
  CHECK(world.shown() == "the identity command printed nothing: it must print a token");
  world.print("token");
  CHECK(world.shown() == "token");
}

TEST_CASE("identity: a command gets no input, and SIGPIPE as a shell expects it") {
  transport::Identity reader("cat; echo token", [] { return int64_t{0}; });
  CHECK(reader.token()->reveal() == "token");
  transport::Identity piper("yes | head -n 1", [] { return int64_t{0}; });
  CHECK(piper.token()->reveal() == "y");
}

TEST_CASE("identity: one that hangs is ended when nobody needs it any more") {
  const Scratch scratch;
  const std::string fifo = scratch.folder() + "/fifo";
  transport::Identity identity(
      "mkfifo " + fifo + "; echo started > " + fifo + "; tail -f /dev/null",
      [] { return int64_t{0}; });
  std::string said;
  std::thread waiting([&] { said = message(identity.token().status()); });
  while (!std::filesystem::exists(fifo)) std::this_thread::yield();
  std::string line;
  std::ifstream started(fifo);
  std::getline(started, line);
  CHECK(line == "started");
  identity.stop();
  waiting.join();
  CHECK(said == "the identity command was ended");
}

TEST_CASE("identity: all who ask at once wait for one run of the command") {
  IdentityWorld world("token");
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { good += world.identity.token().ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 8);
  CHECK(world.runs() == 1);
}
