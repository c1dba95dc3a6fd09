# SPDX-License-Identifier: MIT
"""The large: 10 GiB through one connection, 20 000 connections; memory and descriptors come back.

Not part of `./dev test`. `./dev soak` runs it, and its output holds the figures.
"""
from __future__ import annotations

import resource
import socket
import time

import pytest
from harness.many import expect_back_to, use_many
from harness.memory import MemoryWatch
from harness.streams import (
    MORE,
    Payload,
    Received,
    drain,
    ping,
    send_and_finish,
    send_payload,
    wait_readable,
)
from harness.target import echo
from harness.world import Chain, World

GIB = 1 << 30
GROWTH_KIB_MAX = 32 << 10
NAMES = ("router", "share", "connect")


@pytest.fixture(autouse=True)
def many_descriptors() -> None:
    """500 connections are 1000 sockets of this process alone."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def send_two(connection: socket.socket, first: Payload, rest: Payload) -> None:
    """Both, one behind the other, and the end of stream."""
    send_payload(connection, first)
    send_and_finish(connection, rest)


def expect_flat(chain: Chain, first: MemoryWatch, later: MemoryWatch) -> None:
    """No process grew by more than 32 MiB after the first GiB."""
    for name, before, after in zip(NAMES, first.most_kib(), later.most_kib(), strict=False):
        print(f"{name}: at most {before >> 10} MiB in the first GiB, {after >> 10} MiB afterwards")
        assert after <= before + GROWTH_KIB_MAX, chain.address


@pytest.mark.timeout_s(1200)
@pytest.mark.parametrize("active", ["connect", "share"])
def test_10_gib_through_one_connection_are_exact_and_memory_stays_flat(
    world: World, active: str
) -> None:
    target = world.target()
    chain = world.chain(target.address)
    client = world.dial(chain.address)
    server = target.accept()
    sender, reader = (client, server) if active == "connect" else (server, client)
    first, rest = Payload(GIB, seed=1), Payload(9 * GIB, seed=2)
    start = time.monotonic()
    sending = world.background(send_two, sender, first, rest)
    with MemoryWatch(chain.programs) as in_the_first:
        assert drain(reader, GIB) == Received.all_of(first, MORE)
    with MemoryWatch(chain.programs) as afterwards:
        assert drain(reader) == Received.all_of(rest)
    sending.result()
    print(f"10 GiB from {active}: {10 * 1024 / (time.monotonic() - start):.0f} MiB/s, with SHA-256")
    expect_flat(chain, in_the_first, afterwards)


@pytest.mark.timeout_s(1800)
def test_10_gib_each_way_at_once_are_exact_and_memory_stays_flat(world: World) -> None:
    target = world.target()
    chain = world.chain(target.address)
    client = world.dial(chain.address)
    server = target.accept()
    first, rest = Payload(GIB, seed=1), Payload(9 * GIB, seed=2)
    sending = [world.background(send_two, side, first, rest) for side in (client, server)]
    with MemoryWatch(chain.programs) as in_the_first:
        at_server = world.background(drain, server, GIB)
        assert drain(client, GIB) == at_server.result() == Received.all_of(first, MORE)
    with MemoryWatch(chain.programs) as afterwards:
        at_server = world.background(drain, server)
        assert drain(client) == at_server.result() == Received.all_of(rest)
    for each in sending:
        each.result()
    expect_flat(chain, in_the_first, afterwards)


@pytest.mark.timeout_s(600)
def test_20000_short_connections_500_at_once_leave_nothing_behind(world: World) -> None:
    target = world.target()
    chain = world.chain(target.address)
    use_many(chain.address, target, 2000, 500)  # channels, tokens and allocator are warm now
    expect_back_to(world, chain.router, {})
    descriptors = {program: program.descriptors() for program in chain.programs}
    memory_kib = [program.resident_kib() for program in chain.programs]
    start = time.monotonic()
    opened_s = sorted(use_many(chain.address, target, 20_000, 500))
    rate = 20_000 / (time.monotonic() - start)
    p99_ms = opened_s[int(len(opened_s) * 0.99)] * 1000
    print(f"20 000 connections: {rate:.0f} a second; opened within p99 {p99_ms:.0f} ms, 500 at once")
    expect_back_to(world, chain.router, descriptors)
    for name, program, before in zip(NAMES, chain.programs, memory_kib, strict=False):
        after = program.resident_kib()
        print(f"{name}: {before >> 10} MiB before, {after >> 10} MiB after")
        assert after <= before + GROWTH_KIB_MAX


@pytest.mark.timeout_s(120)
def test_the_first_byte_after_two_idle_seconds_comes_within_5_ms(world: World) -> None:
    """R22, for p99 of 200. gRPC's callback threads would nap for 100 ms by then."""
    chain = world.chain(world.target().serve(echo).address)
    clients = [world.dial(chain.address) for _ in range(10)]
    for client in clients:
        ping(client)
    times_s = []
    for _ in range(20):
        assert not wait_readable(clients[0], 2), "nobody sent anything"
        for client in clients:
            start = time.perf_counter()
            ping(client, b"?")
            times_s.append(time.perf_counter() - start)
    p99_s = sorted(times_s)[int(len(times_s) * 0.99)]
    print(f"first byte after 2 s: p99 {p99_s * 1000:.2f} ms")
    assert p99_s < 0.005
