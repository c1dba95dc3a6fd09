# SPDX-License-Identifier: MIT
"""What only a client of one's own can send to a router (H6, H8, H9): it costs the sender, and nobody
else: who is connected goes on, and memory comes back."""
from __future__ import annotations

import gzip
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h2.events
import pytest
from harness.admin import admin_of, samples
from harness.chaos import UP, Chaos
from harness.cpu import cpu_s, expect_rest
from harness.http2 import CREATE, FORWARD, LANE, Http2
from harness.streams import ping
from harness.target import echo
from harness.world import BINARY, Router, World, listening

pytestmark = pytest.mark.needs_binary

# What thousands of calls leave behind in the allocator; a sanitizer holds all of it back for a while.
IS_SANITIZED = b"__asan_report" in Path(BINARY).read_bytes()
MUCH_KIB = (1024 if IS_SANITIZED else 160) << 10
# Of the processor, several times what was measured; the pings of the others are in it.
STREAM_COSTS_S = (2_500e-6 if IS_SANITIZED else 500e-6)
FRAME_COSTS_S = (100e-6 if IS_SANITIZED else 20e-6)
PING_FRAME = b"\0\0\x08\x06\0\0\0\0\0" + b"flooding"
SETTINGS_FRAME = b"\0\0\0\x04\0\0\0\0\0"
CALL = (
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", FORWARD.encode("ascii")),
    (b":authority", b"router"),
    (b"content-type", b"application/grpc"),
    (b"te", b"trailers"),
)


def literal(name: bytes, value: bytes) -> bytes:
    """A header that leaves HPACK's table as it is (RFC 7541, 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def headers_frame(stream: int, *headers: tuple[bytes, bytes]) -> bytes:
    """With END_STREAM and END_HEADERS."""
    block = b"".join(literal(*header) for header in headers)
    return struct.pack(">I", len(block))[1:] + b"\x01\x05" + struct.pack(">I", stream) + block


def long_length(value: int) -> bytes:
    """Of a string, in seven bits and as many bytes as it takes after them (RFC 7541, 5.1)."""
    encoded, value = b"\x7f", value - 127
    while value >= 128:
        encoded, value = encoded + bytes([value % 128 | 128]), value // 128
    return encoded + bytes([value])


def long_headers(stream: int, count: int, size: int, path: str = FORWARD) -> bytes:
    """Frames of a call with so many headers of so many bytes each.

    Written by hand: python3-h2 takes seconds for ten MiB.
    """
    names = [header for header in CALL if header[0] != b":path"]
    call = headers_frame(stream, (b":path", path.encode("ascii")), *names)[9:]
    block = call + (b"\0\x01x" + long_length(size) + b"y" * size) * count
    parts = [block[begin : begin + 16384] for begin in range(0, len(block), 16384)]
    frames = b""
    for number, part in enumerate(parts):
        kind = b"\x09" if number else b"\x01"  # CONTINUATION, and HEADERS before it
        flags = b"\x04" if number + 1 == len(parts) else b"\0"  # END_HEADERS
        frames += struct.pack(">I", len(part))[1:] + kind + flags + struct.pack(">I", stream) + part
    return frames


# On a stream that no client has come to yet: a call whose key says that base64 follows, and it does not;
# and one with more than the router takes (transport/server.cc).
MALFORMED = headers_frame(0x7FFFFFF1, *CALL, (b"mindmeld-bin", b"!!!"))
TOO_LONG = long_headers(0x7FFFFFF1, 1, 80 << 10)
LANE_METADATA = (
    ("mindmeld-role", "share"),
    ("mindmeld-service", "web"),
    ("mindmeld-generation", "1"),
)


@pytest.fixture
def router(world: World) -> Router:
    """For whoever comes."""
    return world.router()


@pytest.fixture
def others(world: World, router: Router) -> socket.socket:
    """A connection of somebody else's, through the same router."""
    world.share(router, f"web={world.target().serve(echo).port}")
    connection = world.dial(listening(world.connect(router, "web=0"), "web"))
    ping(connection)
    return connection


def grpc_message(payload: bytes, compressed: bool = False, length: int | None = None) -> bytes:
    """As it lies in DATA frames, with a length that may be a lie."""
    return struct.pack(">BI", compressed, len(payload) if length is None else length) + payload


def expect_unharmed(router: Router, others: socket.socket, before_kib: int) -> None:
    """The others go on, and the router holds little more than before."""
    ping(others)
    router.program.until(
        lambda: router.program.resident_kib() < before_kib + MUCH_KIB, "memory is back"
    )


def is_over(stream: int) -> Callable[[h2.events.Event], bool]:
    """For wait(): an event that ends this stream."""

    def ends(event: h2.events.Event) -> bool:
        if isinstance(event, h2.events.ConnectionTerminated):
            return True
        is_end = isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset))
        return is_end and event.stream_id == stream

    return ends


@pytest.mark.parametrize(
    "message",
    [
        grpc_message(b"x", length=0xFFFFFFFF),
        grpc_message(b"x" * (2 << 20)),
        grpc_message(gzip.compress(b"\0" * (256 << 20)), compressed=True),
        grpc_message(b"no gzip", compressed=True),
    ],
    ids=["4 GiB", "2 MiB", "a bomb", "compressed nonsense"],
)
@pytest.mark.parametrize("path", [FORWARD, LANE], ids=["call", "lane"])
def test_a_message_that_is_too_large_or_may_become_it_is_refused(
    world: World, router: Router, others: socket.socket, path: str, message: bytes
) -> None:
    before = router.program.resident_kib()
    client = world.owned(Http2(router.address))
    stream = client.request(path, ("grpc-encoding", "gzip"))
    for begin in range(0, len(message), 16384):
        part = message[begin : begin + 16384]
        while client.is_open(stream) and client.h2.local_flow_control_window(stream) < len(part):
            client.wait(lambda event: not isinstance(event, h2.events.PingReceived))
        if not client.is_open(stream):
            break
        client.h2.send_data(stream, part)
        client.flush()
    if client.is_open(stream):
        client.h2.end_stream(stream)
        client.flush()
        client.wait(is_over(stream))
    expect_unharmed(router, others, before)


@pytest.mark.parametrize("path", [FORWARD, CREATE, LANE], ids=["call", "control", "lane"])
def test_metadata_of_many_mebibytes_is_not_kept(
    world: World, router: Router, others: socket.socket, path: str
) -> None:
    """H6: 10 MiB, time and again, from somebody known, and the messages that should follow do not come."""
    before = router.program.resident_kib()
    client = world.owned(Http2(router.address))
    known = client.request(LANE, *LANE_METADATA, ("mindmeld-token", "0" * 64))
    client.flush()
    client.wait(is_over(known))
    for call in range(1, MUCH_KIB // (10 << 10) + 4):
        assert client.write(long_headers(known + 2 * call, 2560, 4096, path))
        ping(others)
    expect_unharmed(router, others, before)


@pytest.mark.parametrize("headers", [MALFORMED, TOO_LONG], ids=["malformed", "too long"])
def test_headers_that_are_not_taken_cost_their_own_connection_and_the_lanes_there_go_on(
    world: World, headers: bytes
) -> None:
    """As where a front end has put somebody else's call on the connection of a lane (H6)."""
    router = world.router("--admin", "127.0.0.1:0")
    world.share(router, f"web={world.target().serve(echo).port}")
    link = world.owned(Chaos(router.address))
    way = replace(router, flags=("--router", f"http://{link.address}"))
    hurt = world.connect(way, "web=0")
    unhurt = world.connect(router, "web=0")
    ends = [world.dial(listening(each, "web")) for each in (hurt, unhurt)]
    for end in ends:
        ping(end)

    def put_before(direction: str, block: bytes) -> bytes:
        if direction != UP:
            return block
        link.on_block = lambda _, later: later
        return headers + block

    link.on_block = put_before
    for end in ends:
        ping(end)
    hurt.wait_line("tunnel.lost .*generation=0")
    for end in ends:
        ping(end)
    assert not unhurt.has_said("tunnel.lost")
    assert samples(admin_of(router))['mindmeld_router_refusals_total{reason="call_lost"}'] == 1


@pytest.mark.parametrize("calls", [0, 1], ids=["no call", "after a call"])
def test_headers_that_never_end_are_cut_where_it_is_a_stranger_who_sends_them(
    world: World, calls: int
) -> None:
    """gRPC 1.51 would keep all of them (CVE-2023-33953)."""
    router = world.router("--admin", "127.0.0.1:0")
    world.share(router, f"web={world.target().serve(echo).port}")
    others = world.dial(listening(world.connect(router, "web=0"), "web"))
    ping(others)
    before = router.program.resident_kib()
    client = world.owned(Http2(router.address))
    for _ in range(calls):
        stream = client.request("/no/such")
        client.flush()
        client.wait(is_over(stream))
    number = struct.pack(">I", 2 * calls + 1)
    begun = headers_frame(2 * calls + 1, *CALL)
    client.write(begun[:4] + b"\0" + begun[5:])  # without END_HEADERS
    block = (b"\0\x01x" + long_length(4096) + b"y" * 4096) * 3
    more = (struct.pack(">I", len(block))[1:] + b"\x09\0" + number + block) * 8
    sent = 0
    while client.write(more):
        sent += len(more)
        assert sent < MUCH_KIB << 10, "it is never cut"
        ping(others)
    counts = samples(admin_of(router))
    assert counts['mindmeld_router_refusals_total{reason="flood"}'] == 1
    assert counts['mindmeld_router_refusals_total{reason="no_call"}'] == 0
    expect_unharmed(router, others, before)


def test_streams_that_are_reset_as_fast_as_they_are_opened(
    world: World, router: Router, others: socket.socket
) -> None:
    before, before_s = router.program.resident_kib(), cpu_s(router.program)
    client = world.owned(Http2(router.address))
    for _ in range(100):
        for _ in range(100):
            client.h2.reset_stream(client.request(LANE))
        if not client.flush():
            break
        ping(others)
    expect_unharmed(router, others, before)
    expect_rest(router.program)
    assert cpu_s(router.program) - before_s < 10_000 * STREAM_COSTS_S


def test_who_floods_with_pings_is_shown_out(
    world: World, router: Router, others: socket.socket
) -> None:
    before, before_s = router.program.resident_kib(), cpu_s(router.program)
    client = world.owned(Http2(router.address))
    for _ in range(100):
        if not client.write(PING_FRAME * 1000):
            break
        ping(others)
    assert client.is_ended_within(10)
    expect_unharmed(router, others, before)
    expect_rest(router.program)
    assert cpu_s(router.program) - before_s < 100_000 * FRAME_COSTS_S


def test_a_flood_of_settings_costs_little_and_ends_with_it(
    world: World, router: Router, others: socket.socket
) -> None:
    """It may go on: each is answered, and costs the sender as much."""
    before, before_s = router.program.resident_kib(), cpu_s(router.program)
    client = world.owned(Http2(router.address))
    for _ in range(100):
        assert client.write(SETTINGS_FRAME * 1000)
        ping(others)
    expect_unharmed(router, others, before)
    expect_rest(router.program)
    assert cpu_s(router.program) - before_s < 100_000 * FRAME_COSTS_S


ABORTED, RESOURCE_EXHAUSTED = "10", "8"  # grpc-status
LANES_PER_CALLER = 4096  # that wait: router/limits.h


@pytest.mark.needs_speed  # 4096 lanes within the five seconds that one may wait
def test_lanes_that_nobody_comes_for_are_ended_and_their_number_is_bounded(
    world: World, router: Router, others: socket.socket
) -> None:
    before = router.program.resident_kib()
    clients = [world.owned(Http2(router.address)) for _ in range(10)]
    for client in clients:
        for number in range(1000):  # as many as a connection may have
            token = f"{id(client):032x}{number:032x}"
            client.request(LANE, ("mindmeld-token", token), *LANE_METADATA)
        client.flush()
    router.program.wait_line("router.refused reason=lanes_per_caller")
    ping(others)
    # None of them goes away: those that wait are ended after their time, by the router.
    ends = [status for client in clients for status in next_ends(client, 1000)]
    assert set(ends) == {ABORTED, RESOURCE_EXHAUSTED}
    assert ends.count(ABORTED) >= LANES_PER_CALLER
    expect_unharmed(router, others, before)


def next_ends(client: Http2, count: int) -> list[str]:
    """With which status the next so many calls end."""
    ends: list[str] = []

    def take(event: h2.events.Event) -> bool:
        if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
            ends.extend(value for key, value in event.headers if key == "grpc-status")
        return len(ends) == count

    assert client.wait(take), f"the connection ended after {len(ends)} calls"
    return ends
