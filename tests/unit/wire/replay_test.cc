// SPDX-License-Identifier: MIT
#include "wire/replay.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/seeded_random.h"

using mm::base::Bytes;
using mm::test::SeededRandom;
using mm::wire::Replay;

namespace {

std::string text_of(const std::vector<Bytes>& pieces) {
  std::string text;
  for (const Bytes& piece : pieces) text += piece.text();
  return text;
}

// `used` bytes of a block that is `block` bytes large.
Bytes part_of_block(size_t used, size_t block) {
  auto memory = std::make_shared<std::string>(block, 'x');
  const std::span view(reinterpret_cast<const uint8_t*>(memory->data()), used);
  return Bytes(memory, view, block);
}

}  // namespace

TEST_CASE("replay: any view equals the same part of what was appended, for random histories") {
  for (const uint64_t seed : mm::test::seeds(300)) {
    CAPTURE(seed);
    SeededRandom random(seed);
    Replay replay;
    std::string all;
    uint64_t next = 0;
    for (int step = 0; step < 200; ++step) {
      if (random.one_in(2)) {
        std::string text(random.size_up_to(6'000), '\0');
        random.fill({reinterpret_cast<uint8_t*>(text.data()), text.size()});
        replay.append(Bytes::copy_of(text));
        all += text;
      }
      if (random.one_in(10)) next = replay.una();  // a new lane
      const auto pieces = replay.view(next, random.size_up_to(9'000));
      const std::string text = text_of(pieces);
      REQUIRE((text == all.substr(next, text.size())));
      next += text.size();
      if (random.one_in(3)) {
        replay.release_through(replay.una() + random.below(next - replay.una() + 1));
      }
      REQUIRE(replay.end() == all.size());
    }
  }
}

TEST_CASE("replay: a small leftover of a block does not pin the block") {
  Replay replay;
  replay.append(part_of_block(200'000, 262'144));
  CHECK(replay.pinned_bytes() == 262'144);
  replay.release_through(100'000);
  CHECK(replay.pinned_bytes() == 262'144);
  replay.release_through(199'000);
  CHECK(replay.pinned_bytes() == 1'000);
  CHECK(replay.view(199'000, 5'000).front().size() == 1'000);
}

TEST_CASE("replay: clearing gives the memory back and keeps the offsets") {
  Replay replay;
  replay.append(part_of_block(10, 100));
  replay.clear();
  CHECK(replay.pinned_bytes() == 0);
  CHECK(replay.una() == 10);
  CHECK(replay.end() == 10);
  CHECK(replay.view(10, 5).empty());
}
