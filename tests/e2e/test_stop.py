# SPDX-License-Identifier: MIT
"""What SIGTERM and SIGINT do to connect, share and router: M15's SIGTERM half and R19."""
from __future__ import annotations

import signal
import socket
import time

import pytest
from harness.foreign import ForeignClient
from harness.forward import Forward
from harness.program import Program
from harness.streams import (
    RESET,
    Payload,
    Received,
    dial_and_drain,
    drain,
    finish,
    ping,
    receive_exactly,
    send_and_finish,
)
from harness.target import echo
from harness.world import Chain, Router, World

pytestmark = pytest.mark.needs_binary

DRAIN_S = 2.0
ROUTER_STOP_S = 8.0  # whatever its lanes do; Cloud Run kills after 10
MIB = 1 << 20
both_commands = pytest.mark.parametrize("command", ["connect", "share"])
each_signal = pytest.mark.parametrize("number, code", [(signal.SIGTERM, 0), (signal.SIGINT, 130)])


def program_of(chain: Chain, command: str) -> Program:
    """The process that runs this command."""
    program = {"connect": chain.connect, "share": chain.share}[command]
    assert program is not None
    return program


def exchange_a_word(client: socket.socket, server: socket.socket) -> None:
    """The connection works in both directions."""
    client.sendall(b"word")
    server.sendall(receive_exactly(server, 4))
    assert receive_exactly(client, 4) == b"word"


def is_refused(world: World, address: str) -> bool:
    """Does nobody listen there any more?"""
    try:
        world.dial(address)
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return False


def wait_until_stopping(world: World, chain: Chain, command: str) -> None:
    """The signal was seen: connect does not listen any more, share's name is gone."""
    if command == "connect":
        assert chain.connect is not None
        chain.connect.until(lambda: is_refused(world, chain.address), "connect still listens")
        return
    assert chain.router is not None
    router = chain.router
    router.program.until(lambda: world.services(router) == [], "the name is still there")


@both_commands
@each_signal
def test_a_signal_lets_an_open_connection_finish_and_then_ends_at_once(
    world: World, command: str, number: signal.Signals, code: int
) -> None:
    chain = world.chain(world.target().serve(echo).address)
    client = world.dial(chain.address)
    ping(client)
    program = program_of(chain, command)
    program.expected_exit = code
    start = time.monotonic()
    program.send_signal(number)
    ping(client)
    finish(client)
    assert drain(client) == Received.nothing()
    assert program.wait_exit() == code
    assert time.monotonic() - start < DRAIN_S


@both_commands
@each_signal
def test_a_signal_resets_what_is_still_open_after_two_seconds(
    world: World, command: str, number: signal.Signals, code: int
) -> None:
    target = world.target()
    chain = world.chain(target.address)
    client, server = world.dial(chain.address), target.accept()
    exchange_a_word(client, server)
    program = program_of(chain, command)
    program.expected_exit = code
    start = time.monotonic()
    program.send_signal(number)
    exchange_a_word(client, server)
    assert drain(client) == Received.nothing(RESET)
    assert drain(server) == Received.nothing(RESET)
    assert program.wait_exit() == code
    assert DRAIN_S - 0.3 <= time.monotonic() - start <= DRAIN_S + 1.5


@both_commands
@each_signal
def test_a_signal_without_open_connections_ends_at_once(
    world: World, command: str, number: signal.Signals, code: int
) -> None:
    chain = world.chain(world.target().serve(echo).address)
    client = world.dial(chain.address)
    ping(client)
    finish(client)
    assert drain(client) == Received.nothing()
    chain.expect_closed(why="done")
    program = program_of(chain, command)
    program.expected_exit = code
    program.send_signal(number)
    assert program.wait_exit(DRAIN_S / 2) == code


@both_commands
def test_no_new_connection_is_taken_after_sigterm(world: World, command: str) -> None:
    chain = world.chain(world.target().serve(echo).address, connect_flags=("--hold", "1s"))
    client = world.dial(chain.address)
    ping(client)
    program_of(chain, command).send_signal(signal.SIGTERM)
    wait_until_stopping(world, chain, command)
    if command == "share":
        assert dial_and_drain(chain.address).end == RESET
    program_of(chain, command).wait_exit()


@both_commands
def test_a_second_sigint_ends_at_once_with_resets(world: World, command: str) -> None:
    target = world.target()
    chain = world.chain(target.address)
    client, server = world.dial(chain.address), target.accept()
    exchange_a_word(client, server)
    program = program_of(chain, command)
    program.expected_exit = 130
    program.send_signal(signal.SIGINT)
    wait_until_stopping(world, chain, command)
    program.send_signal(signal.SIGINT)
    assert program.wait_exit(0.8) == 130
    assert drain(client) == drain(server) == Received.nothing(RESET)


@both_commands
def test_a_second_sigint_amid_a_transfer_resets_the_peer_too(world: World, command: str) -> None:
    target = world.target()
    forward = Forward(world, target)
    link = forward.connect_link if command == "connect" else forward.share_link
    chain = Chain(forward.address, forward.router, forward.share, forward.connect)
    client, server = world.dial(chain.address), target.accept()
    near, far = (client, server) if command == "connect" else (server, client)
    program = program_of(chain, command)
    program.expected_exit = 130
    link.bytes_per_s = 30 * MIB
    world.background(send_and_finish, near, Payload(64 * MIB))
    receive_exactly(far, 4 * MIB)
    program.send_signal(signal.SIGINT)
    wait_until_stopping(world, chain, command)
    program.send_signal(signal.SIGINT)
    assert program.wait_exit(1.2) == 130
    assert drain(far).end == RESET


@both_commands
def test_a_process_that_is_killed_is_no_end_of_stream(world: World, command: str) -> None:
    """It may come back until the grace is over; half an answer never looks like a whole one."""
    target = world.target()
    grace = ("--grace", "1s")
    chain = world.chain(target.address, share_flags=grace, connect_flags=grace)
    client, server = world.dial(chain.address), target.accept()
    exchange_a_word(client, server)
    program_of(chain, command).kill()
    assert drain(client) == drain(server) == Received.nothing(RESET)


@each_signal
def test_a_router_with_open_connections_stops_within_ten_seconds(
    world: World, number: signal.Signals, code: int
) -> None:
    chain = world.chain(world.target().serve(echo).address)
    client = world.dial(chain.address)
    ping(client)
    assert chain.router is not None
    chain.router.program.expected_exit = code
    chain.router.program.send_signal(number)
    assert chain.router.program.wait_exit(10) == code
    assert chain.share is not None and chain.connect is not None
    assert chain.share.is_running() and chain.connect.is_running()
    chain.share.wait_event("router", state="offline")


def test_a_router_with_a_lane_that_does_not_end_stops_within_eight_seconds(
    world: World, router: Router, client: ForeignClient
) -> None:
    share = world.share(router, f"web={world.target().address}")
    lane = client.open_lane("web")
    lane.send(lane.frame(attach=True, received=0, limit=0))
    lane.receive()  # so the two lanes are joined
    share.send_signal(signal.SIGSTOP)
    for _ in range(256):  # 64 MiB: more than anything between them takes
        lane.send(lane.frame(data=bytes(256 << 10)))
    start = time.monotonic()
    router.program.send_signal(signal.SIGTERM)
    assert router.program.wait_exit() == 0
    assert DRAIN_S <= time.monotonic() - start <= ROUTER_STOP_S + 1
