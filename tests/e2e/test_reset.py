# SPDX-License-Identifier: MIT
"""How a forwarded connection ends in disorder: M6 to M11 of the close-semantics matrix.

A reset is never turned into a clean end of stream, and nothing that came before it is falsified.
"""
from __future__ import annotations

import re
import signal
import socket
import time

import pytest
from harness.fixtures import Ends, both_protections, both_transports, every_way
from harness.streams import (
    RESET,
    Payload,
    Received,
    dial_and_drain,
    drain,
    finish,
    ping,
    reset,
    send_payload,
    send_what_fits,
    wait_broken,
    wait_readable,
)
from harness.world import Chain, World, listening

MIB = 1 << 20


@every_way
def test_a_reset_amid_a_transfer_is_a_reset_after_an_exact_prefix(ends: Ends, world: World) -> None:
    payload = Payload(16 * MIB)
    receiving = world.background(drain, ends.passive)
    send_payload(ends.active, payload)
    reset(ends.active)
    received = receiving.result()
    assert received.end == RESET
    assert received.is_prefix_of(payload)
    assert received.size >= MIB


@both_protections
def test_a_reset_behind_a_stalled_reader_is_a_reset_after_an_exact_prefix(ends: Ends) -> None:
    payload = Payload(96 * MIB)
    assert 0 < send_what_fits(ends.active, payload) < payload.size
    reset(ends.active)
    received = drain(ends.passive)
    assert received.end == RESET
    assert received.is_prefix_of(payload)


@both_protections
def test_a_reset_is_told_while_the_other_side_sends(ends: Ends, world: World) -> None:
    sending = world.background(send_payload, ends.passive, Payload(96 * MIB))
    assert ends.active.recv(1000)
    reset(ends.active)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        sending.result()


@both_protections
def test_a_reset_is_told_to_a_side_that_is_silent(ends: Ends) -> None:
    reset(ends.active)
    assert drain(ends.passive) == Received.nothing(RESET)
    ends.chain.expect_closed(up_bytes=0, down_bytes=0)


@every_way
@pytest.mark.parametrize("size", [1, 1000, 16_384, 30_000])
def test_bytes_and_a_reset_at_once_arrive_as_all_bytes_and_a_reset(ends: Ends, size: int) -> None:
    payload = Payload(size)
    send_payload(ends.active, payload)
    reset(ends.active)
    assert drain(ends.passive) == Received.all_of(payload, RESET)


@both_protections
def test_a_reset_after_an_end_of_stream_breaks_the_other_direction(ends: Ends) -> None:
    payload = Payload(1000)
    send_payload(ends.active, payload)
    finish(ends.active)
    assert drain(ends.passive) == Received.all_of(payload)
    reset(ends.active)
    wait_broken(ends.passive)


@both_protections
def test_closing_with_unread_input_resets_the_other_side_and_loses_no_byte_to_it(
    ends: Ends,
) -> None:
    """M11: the kernel makes a reset of such a close; what was sent before it still arrives."""
    payload = Payload(10_000)
    ends.passive.sendall(b"never read")
    send_payload(ends.active, payload)
    assert wait_readable(ends.active)
    ends.active.close()
    assert drain(ends.passive) == Received.all_of(payload, RESET)


# ---- a target that cannot be reached


def expect_reset_within(address: str, least_s: float, most_s: float) -> None:
    """A connection gets no byte, and a reset in this time."""
    start = time.monotonic()
    assert dial_and_drain(address) == Received.nothing(RESET)
    assert least_s <= time.monotonic() - start <= most_s


def expect_told(chain: Chain, why: str) -> None:
    """Both ends say in an event why no byte passed, and the share's log does: a pattern."""
    told = re.compile(why)
    chain.expect_closed(
        up_bytes=0, down_bytes=0, where=lambda event: told.fullmatch(event["why"]) is not None
    )
    logged = why.replace('"', r'\\"')
    chain.programs[1].wait_line(rf'share\.refused .*why="{logged}"')


@pytest.mark.needs_binary
@both_transports
def test_a_target_that_refuses_is_a_reset_within_a_second(world: World, transport: str) -> None:
    dead = world.dead_address()
    chain = world.chain(dead.address, tls=transport == "tls")
    expect_reset_within(chain.address, 0, 1)
    expect_told(chain, f"cannot reach {dead.address}: Connection refused")


@pytest.mark.needs_binary
def test_a_bare_port_on_which_nobody_listens_is_a_reset_within_a_second(world: World) -> None:
    port = world.dead_address().port
    chain = world.chain(str(port))
    expect_reset_within(chain.address, 0, 1)
    expect_told(chain, f"cannot reach localhost:{port}: Connection refused")


@pytest.mark.needs_binary
def test_a_target_whose_name_is_unknown_is_a_reset_as_soon_as_that_is_known(world: World) -> None:
    start = time.monotonic()
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nosuch.invalid", 80)
    resolver_s = time.monotonic() - start
    chain = world.chain("nosuch.invalid:80")
    expect_reset_within(chain.address, 0, 1 + 2 * resolver_s)
    # Which of the two depends on whether this machine has a name server.
    unresolved = r'cannot resolve "nosuch\.invalid": (Host not found|the name server does not answer)'
    expect_told(chain, unresolved)


@pytest.mark.needs_binary
def test_a_unix_target_that_is_not_there_is_a_reset_within_a_second(world: World) -> None:
    path = f"unix:{world.folder}/nobody"
    chain = world.chain(path)
    expect_reset_within(chain.address, 0, 1)
    expect_told(chain, f"cannot reach {re.escape(path)}: No such file or directory")


@pytest.mark.needs_binary
def test_a_share_outlives_a_target_that_refuses(world: World) -> None:
    router = world.router()
    dead, alive = world.dead_address(), world.target().serve()
    world.share(router, f"dead={dead.port}", f"alive={alive.port}")
    connect = world.connect(router, "dead=0", "alive=0")
    to_dead, to_alive = listening(connect, "dead"), listening(connect, "alive")
    for _ in range(20):
        assert dial_and_drain(to_dead) == Received.nothing(RESET)
    ping(world.dial(to_alive))


@pytest.mark.needs_binary
def test_a_target_that_comes_up_later_is_reached_by_the_next_connection(world: World) -> None:
    dead = world.dead_address()
    chain = world.chain(dead.address)
    assert dial_and_drain(chain.address) == Received.nothing(RESET)
    listener = dead.listen()
    client = world.dial(chain.address)
    server = world.owned(listener.accept()[0])
    client.sendall(b"hello")
    assert server.recv(100) == b"hello"


@pytest.mark.needs_binary
@pytest.mark.parametrize("flags, timeout_s", [((), 10), (("--dial-timeout", "1s"), 1)])
def test_a_target_that_never_answers_is_a_reset_after_the_dial_timeout(
    world: World, flags: tuple[str, ...], timeout_s: int
) -> None:
    hole = world.black_hole()
    chain = world.chain(hole.address, share_flags=flags)
    expect_reset_within(chain.address, timeout_s - 0.1, timeout_s + 1.5)
    expect_told(chain, f"cannot reach {hole.address}: no answer within {timeout_s} s")


@pytest.mark.needs_binary
def test_a_target_that_answers_and_resets_before_the_share_looks_is_heard(world: World) -> None:
    """The kernel connects while the share is stopped: bytes and reset are there when it goes on."""
    hole = world.black_hole()
    chain = world.chain(hole.address)
    client = world.dial(chain.address)
    share = chain.programs[1]
    share.until(hole.is_dialled, "the target is not dialled")
    share.send_signal(signal.SIGSTOP)
    server = hole.accept()
    payload = Payload(1000)
    send_payload(server, payload)
    reset(server)
    share.send_signal(signal.SIGCONT)
    assert drain(client) == Received.all_of(payload, RESET)
