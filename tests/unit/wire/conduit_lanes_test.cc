// SPDX-License-Identifier: MIT
// How a conduit goes from one lane to the next.
#include "unit/wire/attached.h"

using namespace mm::test;
using namespace mm::wire;
using namespace std::chrono_literals;
using mm::base::Bytes;
using mm::base::Code;
using mm::base::TimePoint;

TEST_CASE("conduit: on a new lane the bytes go on from what the peer has") {
  Attached end;
  end.conduit.on_local_bytes(text(1'000));
  REQUIRE(end.conduit.next_frame(kStart));
  end.conduit.detach();
  const Frame hello = end.conduit.greeting(1);
  CHECK(hello.attach->generation == 1);
  CHECK(hello.data_bytes() == 0);
  end.conduit.attach(1);
  Frame peer = attach_frame();
  peer.attach->generation = 1;
  peer.received = 400;
  REQUIRE(end.conduit.on_frame(peer, kStart).ok());
  const auto rest = end.conduit.next_frame(kStart);
  REQUIRE(rest);
  CHECK(rest->offset == 400);
  CHECK(rest->data_bytes() == 600);
}

TEST_CASE("conduit: after an early refusal the same bytes go out again from the start") {
  Budget budget;
  Conduit conduit(budget);
  conduit.attach(0);
  conduit.on_local_bytes(text(100));
  REQUIRE(conduit.next_frame(kStart));
  conduit.detach();
  conduit.attach(0);
  const auto frame = conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->attach);
  CHECK(frame->offset == 0);
  CHECK(frame->data_bytes() == 100);
}

TEST_CASE("conduit: what a greeting could not say yet is said on its lane at once") {
  Attached end;
  const Frame hello = end.conduit.greeting(1);
  CHECK(hello.received == 0);
  REQUIRE(end.conduit.on_frame(data_frame(0, 100), kStart).ok());  // on the lane before
  REQUIRE(end.conduit.next_frame(kStart + kAckDelay)->received == 100);
  end.conduit.attach(1);
  Frame peer = attach_frame();
  peer.attach->generation = 1;
  REQUIRE(end.conduit.on_frame(peer, kStart).ok());
  const auto first = end.conduit.next_frame(kStart);
  REQUIRE(first);
  CHECK(first->received == 100);
}

TEST_CASE("conduit: credit that the lane before granted after the greeting is granted again") {
  Attached end;
  const Frame hello = end.conduit.greeting(1);
  REQUIRE(end.conduit.on_frame(data_frame(0, kFloorBytes), kStart).ok());
  end.deliver_all();
  const auto lost = end.conduit.next_frame(kStart);
  REQUIRE((lost && lost->limit > hello.limit));
  end.conduit.attach(1);
  Frame peer = attach_frame();
  peer.attach->generation = 1;
  REQUIRE(end.conduit.on_frame(peer, kStart).ok());
  const auto first = end.conduit.next_frame(kStart);
  REQUIRE(first);
  CHECK(first->limit == lost->limit);
}

TEST_CASE("conduit: a greeting may know less than the lane before has told since") {
  Attached end;
  end.conduit.on_local_bytes(text(1'000));
  REQUIRE(end.conduit.next_frame(kStart));
  Frame stale = end.conduit.greeting(1);
  Frame ack;
  ack.received = 700;
  ack.limit = kFloorBytes + 700;
  REQUIRE(end.conduit.on_frame(ack, kStart).ok());
  end.conduit.attach(1);
  stale.received = 300;
  stale.limit = kFloorBytes;
  REQUIRE(end.conduit.on_frame(stale, kStart).ok());
  const auto rest = end.conduit.next_frame(kStart);
  REQUIRE(rest);
  CHECK(rest->offset == 700);
}

TEST_CASE("conduit: on a new lane the peer may tell of bytes that the lane before carried") {
  Attached end;
  end.conduit.on_local_bytes(text(1'000));
  REQUIRE(end.conduit.next_frame(kStart));
  end.conduit.detach();
  end.conduit.attach(1);
  Frame peer = attach_frame();
  peer.attach->generation = 1;
  peer.received = 400;  // when it opened the new lane
  REQUIRE(end.conduit.on_frame(peer, kStart).ok());
  Frame ack;
  ack.received = 900;  // the old one went on bringing bytes
  REQUIRE(end.conduit.on_frame(ack, kStart).ok());
  const auto rest = end.conduit.next_frame(kStart);
  REQUIRE(rest);
  CHECK(rest->offset == 900);
  CHECK(rest->data_bytes() == 100);
}

TEST_CASE("conduit: bytes that are here already are trimmed") {
  Attached end;
  REQUIRE(end.conduit.on_frame(data_frame(0, 100), kStart).ok());
  REQUIRE(end.conduit.on_frame(data_frame(50, 100), kStart).ok());
  end.deliver_all();
  CHECK(end.conduit.delivered_bytes() == 150);
}

TEST_CASE("conduit: an older generation's lane is a ghost's") {
  Attached end;
  end.conduit.detach();
  end.conduit.attach(2);
  Frame second = attach_frame();
  second.attach->generation = 2;
  REQUIRE(end.conduit.on_frame(second, kStart).ok());
  end.conduit.detach();
  end.conduit.attach(3);
  Frame ghost = attach_frame();
  ghost.attach->generation = 1;
  CHECK(end.conduit.on_frame(ghost, kStart).code() == Code::kAborted);
}
