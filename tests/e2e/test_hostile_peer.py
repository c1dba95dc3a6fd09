# SPDX-License-Identifier: MIT
"""Frames that break the rules (H5, H6): that one connection is reset, and nothing else ends.

Each case is a list of messages on an open lane, sent once as connect and once as share.
"""
from __future__ import annotations

import queue
import socket
from collections.abc import Callable
from contextlib import suppress

import grpc
import h2.events
import pytest
from harness.foreign import (
    DATA_BYTES_MAX,
    FLOOR_BYTES,
    WINDOW_BYTES,
    ForeignClient,
    ForeignConduit,
    ForeignLane,
    LaneEnded,
    Stubs,
)
from harness.http2 import LANE, Http2
from harness.program import Program
from harness.streams import (
    END_OF_STREAM,
    RESET,
    Payload,
    drain,
    finish,
    ping,
    send_what_fits,
    wait_broken,
)
from harness.target import echo
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

U64_MAX = (1 << 64) - 1
Messages = list[object]
# A message that gRPC refuses costs the lane, not the connection: that ends when its peer stays away.
SHORT_GRACE = ("--grace", "1s")


def attach(lane: ForeignLane, **fields: object) -> object:
    """An honest first frame, with more in it."""
    return lane.frame(**({"attach": True, "received": 0, "limit": WINDOW_BYTES} | fields))


def attach_with(lane: ForeignLane, **fields: int) -> object:
    """A first frame whose attach says something else."""
    return lane.frame(attach=fields, received=0, limit=WINDOW_BYTES)


CASES: dict[str, Callable[[ForeignLane], Messages]] = {
    "no attach": lambda lane: [lane.frame(received=0, limit=WINDOW_BYTES)],
    "a heartbeat before the attach": lambda lane: [lane.frame(), attach(lane)],
    "two attaches": lambda lane: [attach(lane), attach(lane)],
    "another version": lambda lane: [attach_with(lane, version=99)],
    "another protection": lambda lane: [attach_with(lane, version=1, protection=1)],
    "a gap": lambda lane: [attach(lane), lane.frame(offset=100, data=b"x")],
    "data without an offset": lambda lane: [attach(lane), lane.frame(data=b"x")],
    "an offset at the end of u64": lambda lane: [
        attach(lane),
        lane.frame(offset=U64_MAX, data=b"xyz"),
    ],
    "a FIN behind a gap": lambda lane: [attach(lane), lane.frame(offset=5, fin=True)],
    "received ahead of what was sent": lambda lane: [attach(lane, received=10_000)],
    "received at the end of u64": lambda lane: [attach(lane), lane.frame(received=U64_MAX)],
    "a limit that shrinks": lambda lane: [attach(lane), lane.frame(limit=WINDOW_BYTES - 1)],
    "a limit under the floor": lambda lane: [attach(lane, limit=FLOOR_BYTES - 1)],
    "data after the FIN": lambda lane: [
        attach(lane, offset=0, data=b"x", fin=True),
        lane.frame(offset=2, data=b"y"),
    ],
    "data over the FIN": lambda lane: [
        attach(lane, offset=0, data=b"x", fin=True),
        lane.frame(offset=0, data=b"xyz"),
    ],
    "two FINs": lambda lane: [
        attach(lane, offset=0, data=b"xy", fin=True),
        lane.frame(offset=1, fin=True),
    ],
    "more than the limit": lambda lane: [
        attach(lane, offset=0, data=bytes(FLOOR_BYTES + 1)),
    ],
    "a frame of more than 256 KiB": lambda lane: [
        attach(lane),
        lane.frame(offset=0, data=bytes(DATA_BYTES_MAX + 1)),
    ],
    "a message of more than 1 MiB": lambda lane: [
        attach(lane),
        lane.frame(offset=0, data=bytes((1 << 20) + 1)),
    ],
    "bytes that are no frame": lambda lane: [attach(lane), b"\xff\xff\xff\xff GET / HTTP/1.1\r\n"],
    "bytes that are no frame at first": lambda lane: [b"\xff\xff\xff\xff\x00"],
    "a frame cut short": lambda lane: [attach(lane), b"\x7a\xff\x01abc"],
    "a varint without an end": lambda lane: [attach(lane), b"\x10" + b"\x80" * 20],
    "a reset with a huge text": lambda lane: [
        attach(lane),
        lane.frame(reset={"code": 1, "text": "x" * 200_000}),
    ],
    "a reset with a text of many lines": lambda lane: [
        attach(lane),
        lane.frame(reset={"code": 4_000_000_000, "text": "a\nb\r\n\x1b[2J\0" * 10}),
    ],
}
every_case = pytest.mark.parametrize("case", list(CASES))


def expect_broken(connection: socket.socket, case: str) -> None:
    """A reset; where the case has an honest FIN, that may come before it."""
    end = drain(connection).end
    if end == END_OF_STREAM and "FIN" in case:
        wait_broken(connection)
    else:
        assert end == RESET


def expect_end(lane: ForeignLane) -> None:
    """The peer resets us, or leaves the lane as we do; silence is a fault."""
    lane.half_close()
    try:
        while not lane.receive().HasField("reset"):
            pass
    except LaneEnded:
        pass
    except queue.Empty:
        raise AssertionError("the peer goes on as if nothing had happened") from None


@every_case
def test_a_share_resets_that_connection_alone(
    world: World, router: Router, client: ForeignClient, case: str
) -> None:
    target = world.target()
    echo_port = world.target().serve(echo).port
    world.share(router, f"hurt={target.port}", f"echo={echo_port}", flags=SHORT_GRACE)
    bystander = world.dial(listening(world.connect(router, "echo=0"), "echo"))
    ping(bystander)
    lane = client.open_lane("hurt")
    for message in CASES[case](lane):
        lane.send(message)
    expect_broken(target.accept(), case)
    expect_end(lane)
    ping(bystander)
    healthy = client.connect("hurt")
    server = target.accept()
    healthy.send(b"hello")
    assert server.recv(100) == b"hello"


@every_case
def test_a_connect_resets_that_connection_alone(
    world: World, router: Router, client: ForeignClient, case: str
) -> None:
    world.share(router, f"echo={world.target().serve(echo).port}")
    lanes = client.share("hurt")
    connect = world.connect(router, "hurt=0", "echo=0", *SHORT_GRACE, "--hold", "2s")
    bystander = world.dial(listening(connect, "echo"))
    ping(bystander)
    hurt_address = listening(connect, "hurt")
    hurt = world.dial(hurt_address)
    lane = next(lanes)
    for message in CASES[case](lane):
        lane.send(message)
    expect_broken(hurt, case)
    expect_end(lane)
    ping(bystander)
    healthy = world.dial(hurt_address)
    lane = next(lanes)
    lane.send(attach(lane, offset=0, data=b"hello"))
    assert healthy.recv(100) == b"hello"


def test_who_shows_no_ticket_makes_room_for_who_comes_later(
    world: World, router: Router, stubs: Stubs
) -> None:
    world.share(router, f"web={world.target().serve(echo).port}")
    guest = world.owned(ForeignClient(stubs, router))
    crowd = [world.owned(Http2(router.address)) for _ in range(2)]  # of 1000 streams each at most
    for client in crowd:
        for token in (token for _ in range(40) for token in guest.tokens("web", 16)):
            metadata = {"token": token, "role": "connect", "service": "web", "generation": "0"}
            client.request(LANE, *((f"mindmeld-{key}", value) for key, value in metadata.items()))
        client.flush()

    def is_told(event: h2.events.Event) -> bool:
        is_data = isinstance(event, h2.events.DataReceived)
        return is_data and b"too many connections show no ticket" in event.data

    assert crowd[0].wait(is_told)
    ping(world.dial(listening(world.connect(router, "web=0"), "web")))


def test_a_share_that_says_nothing_is_not_waited_for_forever(
    world: World, router: Router, client: ForeignClient
) -> None:
    """A lane is joined, and its peer never attaches: reset after 15 s."""
    lanes = client.share("mute")
    connection = world.dial(listening(world.connect(router, "mute=0"), "mute"))
    lane = next(lanes)
    connection.settimeout(25)
    assert drain(connection).end == RESET
    lane.cancel()


CREDITS = [FLOOR_BYTES, 1 << 63, U64_MAX]


@pytest.mark.parametrize("limit", CREDITS)
def test_a_share_keeps_little_for_a_peer_that_takes_nothing_whatever_it_allows(
    world: World, router: Router, client: ForeignClient, limit: int
) -> None:
    """H10: no credit for ever, or all there is, and nothing is ever acknowledged."""
    target = world.target()
    share = world.share(router, f"web={target.port}")
    lane = client.open_lane("web")
    lane.send(attach(lane, limit=limit))
    server = target.accept()
    before_kib = share.resident_kib()
    expect_little_taken(server, share, before_kib)
    lane.send(lane.frame(received=0, limit=limit))
    other = client.connect("web")
    other.send(b"hello")
    assert target.accept().recv(100) == b"hello"
    other.send_reset()
    lane.send(lane.frame(reset={"code": 1}))
    assert drain(server).end == RESET


@pytest.mark.parametrize("limit", CREDITS)
def test_a_connect_keeps_little_for_a_peer_that_takes_nothing_whatever_it_allows(
    world: World, router: Router, client: ForeignClient, limit: int
) -> None:
    lanes = client.share("web")
    connect = world.connect(router, "web=0")
    application = world.dial(listening(connect, "web"))
    lane = next(lanes)
    lane.send(attach(lane, limit=limit))
    before_kib = connect.resident_kib()
    expect_little_taken(application, connect, before_kib)
    other = world.dial(listening(connect, "web", host="::1"))
    conduit = ForeignConduit(next(lanes))
    conduit.send(b"hello")
    assert other.recv(100) == b"hello"
    conduit.send_reset()
    lane.send(lane.frame(reset={"code": 1}))
    assert drain(application).end == RESET


def expect_little_taken(source: socket.socket, program: Program, before_kib: int) -> None:
    """What is written to `source` is soon not taken any more, and fills no memory."""
    taken = send_what_fits(source, Payload(256 << 20))
    assert FLOOR_BYTES <= taken < 16 << 20
    assert program.resident_kib() - before_kib < taken / 1024 + (8 << 10)


# ---- the router itself


def repr_short(value: str) -> str:
    """A test's id."""
    return repr(value)[:20] + f" ({len(value)})"


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"\0" * 100_000, b""],
    ids=["HTTP/1.1", "TLS", "zeros", "silence"],
)
def test_a_router_outlives_what_is_no_grpc(
    world: World, router: Router, client: ForeignClient, data: bytes
) -> None:
    world.share(router, f"echo={world.target().serve(echo).port}")
    stranger = world.dial(router.address)
    with suppress(ConnectionError):
        stranger.sendall(data)
        finish(stranger)
    conduit = client.connect("echo")
    conduit.send(b"hello")
    assert conduit.receive_exactly(5) == b"hello"


@pytest.mark.parametrize("token", ["", "short", "0" * 64, "z" * 64, "f" * 6000], ids=repr_short)
@pytest.mark.parametrize("role", ["connect", "share", "nobody"])
def test_a_router_ends_a_lane_whose_token_it_did_not_make(
    router: Router, client: ForeignClient, token: str, role: str
) -> None:
    lane = client.lane(token, role, "web")
    lane.send(attach(lane))
    with pytest.raises(LaneEnded, match="NOT_FOUND|INVALID_ARGUMENT|RESOURCE_EXHAUSTED"):
        lane.receive()
    assert router.program.is_running()


@pytest.mark.parametrize(
    "name", ["", "UPPER", "a b", "a\nb", "-a", "../a", "a" * 64, "a" * 900_000], ids=repr_short
)
def test_a_router_refuses_a_name_that_is_none(
    world: World, router: Router, client: ForeignClient, name: str
) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        client.share(name)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert world.run("list", "--json", *router.flags).stdout == '{"services":[]}\n'


def test_a_label_of_many_lines_stays_on_one_line_of_the_list(
    world: World, router: Router, client: ForeignClient
) -> None:
    lanes = client.share("web", label="me\n\x1b[2Jyou\r\n" * 3)
    listed = world.run("list", *router.flags).stdout
    assert len(listed.splitlines()) == 2
    assert "\x1b" not in listed
    del lanes
