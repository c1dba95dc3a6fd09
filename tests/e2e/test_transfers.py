# SPDX-License-Identifier: MIT
"""What goes in comes out: R1, R2, R6 and R22, back-pressure, and readers that stall."""
from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import wait

import pytest
from harness.fixtures import Ends
from harness.many import expect_back_to, use_many
from harness.streams import (
    Payload,
    Received,
    drain,
    finish,
    ping,
    send_and_finish,
    send_what_fits,
    wait_readable,
)
from harness.target import echo
from harness.world import World

MIB = 1 << 20
FRAME_BYTES = 256 << 10  # also the first window once something flows
FLOOR_BYTES = 16 << 10  # a peer's limit until its first frame
WINDOW_BYTES_MAX = 32 << 20

SIZES = sorted(
    size + delta
    for size in (FLOOR_BYTES, 64 << 10, FRAME_BYTES, 2 * FRAME_BYTES)
    for delta in (-1, 0, 1)
)


@pytest.mark.parametrize("size", [0, 1, *SIZES])
def test_every_size_arrives_exactly_and_without_a_stall(ends: Ends, size: int) -> None:
    payload = Payload(size)
    start = time.monotonic()
    send_and_finish(ends.active, payload)
    assert drain(ends.passive) == Received.all_of(payload)
    send_and_finish(ends.passive, payload)
    assert drain(ends.active) == Received.all_of(payload)
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("delta", [-1, 0, 1])
def test_the_largest_window_and_its_neighbours_arrive_exactly(
    ends: Ends, world: World, delta: int
) -> None:
    payload = Payload(WINDOW_BYTES_MAX + delta)
    sending = world.background(send_and_finish, ends.active, payload)
    assert drain(ends.passive) == Received.all_of(payload)
    sending.result()


def test_a_hundred_thousand_single_bytes_arrive_in_order(ends: Ends, world: World) -> None:
    payload = Payload(100_000)

    def send_one_by_one() -> None:
        for byte in payload.bytes():
            ends.active.send(bytes((byte,)))
        finish(ends.active)

    sending = world.background(send_one_by_one)
    assert drain(ends.passive) == Received.all_of(payload)
    sending.result()


def test_128_mib_pass_each_way_at_once(world: World) -> None:
    target = world.target()
    client = world.dial(world.chain(target.address).address)
    server = target.accept()
    up, down = Payload(128 * MIB, seed=1), Payload(128 * MIB, seed=2)
    sending = [
        world.background(send_and_finish, client, up),
        world.background(send_and_finish, server, down),
    ]
    at_server = world.background(drain, server)
    assert drain(client) == Received.all_of(down)
    assert at_server.result() == Received.all_of(up)
    for each in sending:
        each.result()


def test_one_direction_flows_while_the_other_is_full_and_unread(ends: Ends, world: World) -> None:
    """An application that writes much before it reads must not deadlock where TCP would not."""
    unread, read = Payload(96 * MIB, seed=1), Payload(64 * MIB, seed=2)
    full = world.background(send_and_finish, ends.passive, unread)
    assert wait_readable(ends.active)
    sending = world.background(send_and_finish, ends.active, read)
    assert drain(ends.passive) == Received.all_of(read)
    sending.result()
    assert not full.done(), "nobody read, and everything was taken"
    assert drain(ends.active) == Received.all_of(unread)
    full.result()


def test_both_directions_may_be_full_before_either_side_reads(ends: Ends, world: World) -> None:
    one_way, other_way = Payload(96 * MIB, seed=1), Payload(96 * MIB, seed=2)
    sending = [
        world.background(send_and_finish, ends.active, one_way),
        world.background(send_and_finish, ends.passive, other_way),
    ]
    assert not wait(sending, timeout=1.0).done
    receiving = world.background(drain, ends.passive)
    assert drain(ends.active) == Received.all_of(other_way)
    assert receiving.result() == Received.all_of(one_way)
    for each in sending:
        each.result()


@pytest.mark.parametrize("stalled_side", ["connect", "share"])
def test_a_stalled_reader_delays_no_other_connection(world: World, stalled_side: str) -> None:
    target = world.target(receive_buffer_bytes=1 << 16)
    chain = world.chain(target.address)
    at_connect = world.dial(chain.address, receive_buffer_bytes=1 << 16)
    at_share = target.accept()
    sender, reader = (at_share, at_connect) if stalled_side == "connect" else (at_connect, at_share)
    payload = Payload(96 * MIB)
    taken = send_what_fits(sender, payload)
    assert 0 < taken < payload.size
    target.serve(echo)
    other = world.dial(chain.address)
    times_s = [timed(lambda: ping(other)) for _ in range(200)]
    assert statistics.median(times_s) < 0.05
    finish(sender)
    received = drain(reader)
    assert received.size == taken
    assert received.is_prefix_of(payload)


def timed(work: Callable[[], object]) -> float:
    """How many seconds `work` takes."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


# ---- many connections


def test_2000_short_connections_100_at_once_leave_nothing_behind(world: World) -> None:
    target = world.target()
    chain = world.chain(target.address)
    use_many(chain.address, target, 300, 100)  # channels and tokens are there now
    expect_back_to(world, chain.router, {})
    before = {program: program.descriptors() for program in chain.programs}
    use_many(chain.address, target, 2000, 100)
    expect_back_to(world, chain.router, before)
    for program in chain.programs[1:]:
        failed = [e for e in program.events_left() if e.get("why", "done") != "done"]
        assert not failed


# ---- delay


def test_the_first_byte_after_a_silence_is_not_late(world: World) -> None:
    """gRPC's callback threads nap for 100 ms once they have been idle for a second."""
    client = world.dial(world.chain(world.target().serve(echo).address).address)
    times_s = []
    for _ in range(20):
        assert not wait_readable(client, 1.2), "nobody sent anything"
        times_s.append(timed(lambda: ping(client, b"?")))
    assert statistics.median(times_s) < 0.02
