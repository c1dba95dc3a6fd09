# SPDX-License-Identifier: MIT
"""What takes as long as people wait: R5, R10, R11 and R15, with the real times."""
from __future__ import annotations

import signal
import socket
import time
from dataclasses import dataclass

import pytest
from harness.chaos import DOWN, UP, Chaos
from harness.forward import Forward
from harness.streams import RESET, Received, drain, ping, receive_exactly, wait_readable
from harness.target import echo
from harness.world import World

HELD_S = 30.0
SILENCE_S = 45.0
GRACE_S = 10.0
CUTTER_S, CUTTING_S = 20.0, 600.0


@dataclass(frozen=True)
class Case:
    """A forward, the link of it that is to be partitioned, and a connection through it."""

    forward: Forward
    link: Chaos
    directions: tuple[str, ...]
    client: socket.socket
    server: socket.socket


def every_partition(world: World, *flags: str) -> list[Case]:
    """Either end's link in either direction and in both."""
    cases = []
    for directions in ((UP,), (DOWN,), (UP, DOWN)):
        for end in ("share", "connect"):
            target = world.target()
            forward = Forward(world, target, *flags)
            client, server = world.dial(forward.address), target.accept()
            client.sendall(b"x")
            server.sendall(receive_exactly(server, 1))
            assert receive_exactly(client, 1) == b"x"
            link = forward.share_link if end == "share" else forward.connect_link
            cases.append(Case(forward, link, directions, client, server))
    return cases


def nothing_for(connection: socket.socket, seconds: float) -> None:
    """Time passes, and nobody sends here."""
    assert not wait_readable(connection, seconds)


@pytest.mark.timeout_s(120)
def test_a_partition_of_thirty_seconds_only_delays(world: World) -> None:
    cases = every_partition(world)
    for case in cases:
        case.link.hold(*case.directions)
        case.client.sendall(b"up")
        case.server.sendall(b"down")
    nothing_for(cases[-1].client, HELD_S)
    for case in cases:
        case.link.hold()
    for case in cases:
        assert receive_exactly(case.server, 2) == b"up"
        assert receive_exactly(case.client, 4) == b"down"


@pytest.mark.timeout_s(180)
def test_a_partition_longer_than_the_grace_resets_both_sockets(world: World) -> None:
    cases = every_partition(world, "--grace", f"{GRACE_S:.0f}s")
    began = time.monotonic()
    for case in cases:
        case.link.hold(*case.directions)
    for case in cases:
        for connection in (case.client, case.server):
            connection.settimeout(2 * (SILENCE_S + GRACE_S))
            assert drain(connection) == Received.nothing(RESET)
    assert time.monotonic() - began < SILENCE_S + 2 * GRACE_S


@pytest.mark.timeout_s(120)
def test_processes_that_are_stopped_for_thirty_seconds_go_on_with_everything(world: World) -> None:
    stopped = []
    for name in ("router", "share", "connect"):
        target = world.target().serve(echo)
        forward = Forward(world, target)
        client = world.dial(forward.address)
        ping(client)
        program = forward.router.program if name == "router" else getattr(forward, name)
        program.send_signal(signal.SIGSTOP)
        client.sendall(b"held")
        stopped.append((program, client))
    nothing_for(stopped[0][1], HELD_S)
    for program, client in stopped:
        program.send_signal(signal.SIGCONT)
        assert receive_exactly(client, 4) == b"held"
        ping(client)


@pytest.mark.timeout_s(120)
def test_the_name_of_a_half_open_share_is_free_within_a_minute(world: World) -> None:
    target = world.target()
    forward = Forward(world, target, "--no-e2e")  # the other has another key
    forward.share_link.hold(UP, DOWN)
    router = forward.router
    router.program.until(lambda: world.services(router) == [], "the name is taken", 60)
    other = world.target().serve(lambda connection: connection.sendall(b"other"))
    stranger = world.another_user()
    world.share(router, f"web={other.address}", flags=("--no-e2e",), extra=stranger)
    assert receive_exactly(world.dial(forward.address), 5) == b"other"


@pytest.mark.timeout_s(800)
def test_idle_and_trickling_connections_outlive_ten_minutes_of_a_cutter(world: World) -> None:
    target = world.target().serve(echo)
    forward = Forward(world, target)
    idle, trickling = world.dial(forward.address), world.dial(forward.address)
    ping(idle)
    began = last_cut = time.monotonic()
    cuts = 0
    slowest_s = 0.0
    while time.monotonic() - began < CUTTING_S:
        nothing_for(idle, 1)
        if time.monotonic() - last_cut >= CUTTER_S:
            last_cut = time.monotonic()
            cuts += 1
            for link in (forward.share_link, forward.connect_link):
                link.cut(reset=cuts % 2 == 0)
        start = time.monotonic()
        ping(trickling, b".")
        slowest_s = max(slowest_s, time.monotonic() - start)
    start = time.monotonic()
    ping(idle)
    print(f"{cuts} cuts; slowest echo {slowest_s * 1000:.0f} ms")
    assert cuts >= 29
    assert time.monotonic() - start < 0.2
