// SPDX-License-Identifier: MIT
#include "unit/wire/attached.h"

using namespace mm::test;
using namespace mm::wire;
using namespace std::chrono_literals;
using mm::base::Bytes;
using mm::base::Code;
using mm::base::TimePoint;

namespace {

// What the checks of a hostile peer's frame must leave untouched.
void check_refused(Attached& end, Frame frame) {
  const uint64_t delivered = end.conduit.delivered_bytes();
  const size_t inbox = end.conduit.inbox().size();
  CHECK(end.conduit.on_frame(std::move(frame), kStart).code() == Code::kInvalidArgument);
  CHECK(end.conduit.delivered_bytes() == delivered);
  CHECK(end.conduit.inbox().size() == inbox);
}

}  // namespace

TEST_CASE("conduit: attach and first data travel in one frame, before the peer said anything") {
  Budget budget;
  Conduit conduit(budget);
  conduit.attach(0);
  conduit.on_local_bytes(text(100));
  const auto frame = conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->attach == Attach{});
  CHECK(frame->offset == 0);
  CHECK(frame->data_bytes() == 100);
  CHECK(frame->received == 0);
  CHECK(frame->limit == kFloorBytes);
  CHECK(!conduit.next_frame(kStart));
}

TEST_CASE("conduit: before the peer's first frame no more than 16 KiB are read and sent") {
  Budget budget;
  Conduit conduit(budget);
  conduit.attach(0);
  CHECK(conduit.readable_bytes() == kFloorBytes);
  conduit.on_local_bytes(text(kFloorBytes));
  CHECK(conduit.readable_bytes() == 0);
}

TEST_CASE("conduit: bytes are acknowledged within 20 ms when nothing goes the other way") {
  Attached end;
  REQUIRE(end.conduit.on_frame(data_frame(0, 100), kStart).ok());
  CHECK(!end.conduit.next_frame(kStart + 19ms));
  CHECK(end.conduit.ack_due() == kStart + 20ms);
  const auto frame = end.conduit.next_frame(kStart + 20ms);
  REQUIRE(frame);
  CHECK(frame->received == 100);
  CHECK(!end.conduit.ack_due());
}

TEST_CASE("conduit: an acknowledgement rides on data that goes the other way") {
  Attached end;
  REQUIRE(end.conduit.on_frame(data_frame(0, 100), kStart).ok());
  end.conduit.on_local_bytes(text(5));
  const auto frame = end.conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->received == 100);
  CHECK(!end.conduit.ack_due());
}

TEST_CASE("conduit: a quarter of the window is acknowledged at once") {
  Attached end;
  REQUIRE(end.conduit.on_frame(data_frame(0, kFloorBytes / 4), kStart).ok());
  CHECK(end.conduit.next_frame(kStart));
}

TEST_CASE("conduit: the second FIN is acknowledged at once, the first one as bytes are") {
  for (const bool is_second : {false, true}) {
    CAPTURE(is_second);
    Attached end;
    if (is_second) {
      end.conduit.on_local_end();
      REQUIRE(end.conduit.next_frame(kStart));
    }
    Frame fin = data_frame(0, 0);
    fin.fin = true;
    REQUIRE(end.conduit.on_frame(fin, kStart).ok());
    CHECK(end.conduit.next_frame(kStart).has_value() == is_second);
    if (is_second) continue;
    const auto frame = end.conduit.next_frame(kStart + std::chrono::milliseconds(20));
    REQUIRE(frame);
    CHECK(frame->received == 1);
  }
}

TEST_CASE("conduit: bytes are acknowledged on receipt, credit is given on delivery") {
  Attached end;
  REQUIRE(end.conduit.on_frame(data_frame(0, kFloorBytes), kStart).ok());
  auto frame = end.conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->received == kFloorBytes);
  CHECK(!frame->limit);
  end.deliver_all();
  frame = end.conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->limit > kFloorBytes);
}

TEST_CASE("conduit: both FINs, delivered and acknowledged, are the end; nothing less is") {
  Attached end;
  end.conduit.on_local_end();
  const auto fin = end.conduit.next_frame(kStart);
  REQUIRE(fin);
  CHECK(fin->fin);
  CHECK(fin->offset == 0);
  Frame ack;
  ack.received = 1;
  ack.offset = 0;
  ack.fin = true;
  REQUIRE(end.conduit.on_frame(ack, kStart).ok());
  CHECK(end.conduit.is_end_next());
  CHECK(!end.conduit.is_done());
  end.conduit.on_end_delivered();
  CHECK(!end.conduit.is_done());
  REQUIRE(end.conduit.next_frame(kStart));
  CHECK(end.conduit.is_done());
}

TEST_CASE("conduit: a FIN needs no credit") {
  Attached end;
  end.conduit.on_local_bytes(text(kFloorBytes));
  end.conduit.on_local_end();
  const auto frame = end.conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->data_bytes() == kFloorBytes);
  CHECK(frame->fin);
}

TEST_CASE("conduit: a reset follows the bytes that came before it, as credit allows") {
  Attached end;
  end.conduit.on_local_bytes(text(100));
  end.conduit.on_local_reset({ResetCode::kLocal, "gone"}, false);
  auto frame = end.conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->data_bytes() == 100);
  CHECK(!frame->reset);
  frame = end.conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->reset == Reset{ResetCode::kLocal, "gone"});
  CHECK(!end.conduit.next_frame(kStart));
}

TEST_CASE("conduit: a reset at once leaves the bytes behind") {
  Attached end;
  end.conduit.on_local_bytes(text(100));
  end.conduit.on_local_reset({ResetCode::kStopped, "stopped"}, true);
  const auto frame = end.conduit.next_frame(kStart);
  REQUIRE(frame);
  CHECK(frame->data_bytes() == 0);
  CHECK(frame->reset);
}

TEST_CASE("conduit: a peer's reset is seen after the bytes that came before it") {
  Attached end;
  REQUIRE(end.conduit.on_frame(data_frame(0, 10), kStart).ok());
  Frame reset;
  reset.reset = Reset{ResetCode::kLocal, "gone"};
  REQUIRE(end.conduit.on_frame(reset, kStart).ok());
  CHECK(end.conduit.peer_reset());
  CHECK(end.conduit.inbox().size() == 1);
}

TEST_CASE("conduit: what breaks a rule is refused, and changes nothing") {
  Attached end;
  end.conduit.on_local_bytes(text(100));
  REQUIRE(end.conduit.next_frame(kStart));
  REQUIRE(end.conduit.on_frame(data_frame(0, 10), kStart).ok());

  Frame frame;
  SUBCASE("a gap") { frame = data_frame(11, 5); }
  SUBCASE("a gap before a FIN") {
    frame = data_frame(11, 0);
    frame.fin = true;
  }
  SUBCASE("an offset near the end of 64 bits") { frame = data_frame(UINT64_MAX, 5); }
  SUBCASE("more than the limit") { frame = data_frame(10, kFloorBytes); }
  SUBCASE("data without an offset") { frame.data.push_back(text(5)); }
  SUBCASE("received ahead of what was sent") { frame.received = 101; }
  SUBCASE("received at the end of 64 bits") { frame.received = UINT64_MAX; }
  SUBCASE("a limit that shrinks") { frame.limit = kFloorBytes - 1; }
  SUBCASE("a second attach") { frame = attach_frame(); }
  SUBCASE("a FIN before bytes that were sent") {
    frame = data_frame(5, 0);
    frame.fin = true;
  }
  check_refused(end, std::move(frame));
}

TEST_CASE("conduit: received that goes back is refused") {
  Attached end;
  end.conduit.on_local_bytes(text(100));
  REQUIRE(end.conduit.next_frame(kStart));
  Frame ack;
  ack.received = 60;
  REQUIRE(end.conduit.on_frame(ack, kStart).ok());
  ack.received = 59;
  check_refused(end, std::move(ack));
}

TEST_CASE("conduit: bytes or a second FIN after the FIN are refused") {
  Attached end;
  Frame fin = data_frame(0, 10);
  fin.fin = true;
  REQUIRE(end.conduit.on_frame(fin, kStart).ok());
  Frame frame;
  SUBCASE("bytes") { frame = data_frame(10, 1); }
  SUBCASE("bytes behind the FIN's offset") { frame = data_frame(11, 1); }
  SUBCASE("another FIN") {
    frame = data_frame(11, 0);
    frame.fin = true;
  }
  check_refused(end, std::move(frame));
}

TEST_CASE("conduit: the first frame of a lane must attach, with this version") {
  Budget budget;
  Conduit conduit(budget);
  conduit.attach(0);
  Frame frame;
  SUBCASE("no attach") { frame.received = 0; }
  SUBCASE("version 0") { frame.attach = Attach{.version = 0}; }
  SUBCASE("version 2") { frame.attach = Attach{.version = 2}; }
  CHECK(conduit.on_frame(frame, kStart).code() == Code::kInvalidArgument);
}

TEST_CASE("conduit: a peer that protects its bytes otherwise is told so") {
  Budget budget;
  for (const Protection own : {Protection::kNone, Protection::kTls}) {
    for (const Protection peer : {Protection::kNone, Protection::kTls, Protection{2}}) {
      Conduit conduit(budget, own);
      conduit.attach(0);
      Frame frame = attach_frame();
      frame.attach->protection = peer;
      const auto code = own == peer ? Code::kOk : Code::kFailedPrecondition;
      CHECK(conduit.on_frame(frame, kStart).code() == code);
    }
  }
}

TEST_CASE("conduit: the first frame of each lane says how the bytes are protected") {
  Budget budget;
  Conduit conduit(budget, Protection::kTls);
  conduit.attach(0);
  CHECK(conduit.next_frame(kStart)->attach->protection == Protection::kTls);
  CHECK(conduit.greeting(1).attach->protection == Protection::kTls);
}
