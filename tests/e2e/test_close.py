# SPDX-License-Identifier: MIT
"""How a forwarded connection ends in order: M1 to M5, M12 and M13 of the close-semantics matrix.

Each test is both applications; `ends` mirrors it, so that either of them is the active one.
"""
from __future__ import annotations

import socket
from concurrent.futures import wait

from harness.fixtures import Ends, both_protections, every_way
from harness.streams import (
    END_OF_STREAM,
    Payload,
    Received,
    drain,
    finish,
    ping,
    receive_exactly,
    send_and_finish,
    send_payload,
    socket_error,
)
from harness.target import echo
from harness.world import World

MIB = 1 << 20


@every_way
def test_an_end_of_stream_without_a_byte_passes_each_way(ends: Ends) -> None:
    finish(ends.active)
    assert drain(ends.passive) == Received.nothing()
    finish(ends.passive)
    assert drain(ends.active) == Received.nothing()
    assert (socket_error(ends.active), socket_error(ends.passive)) == (0, 0)
    ends.chain.expect_closed(timeout_s=1, why="done", up_bytes=0, down_bytes=0)


@every_way
def test_half_close_lets_a_64_mib_answer_through(ends: Ends, world: World) -> None:
    question, answer = Payload(10_000, seed=1), Payload(64 * MIB, seed=2)
    send_and_finish(ends.active, question)
    assert drain(ends.passive) == Received.all_of(question)
    sending = world.background(send_and_finish, ends.passive, answer)
    assert drain(ends.active) == Received.all_of(answer)
    sending.result()
    ends.chain.expect_closed(why="done")


@both_protections
def test_a_side_that_has_finished_still_receives_64_mib(ends: Ends, world: World) -> None:
    """M3: the other side need not have read the banner or its end before it sends."""
    banner, upload = Payload(100, seed=1), Payload(64 * MIB, seed=2)
    send_and_finish(ends.active, banner)
    sending = world.background(send_and_finish, ends.passive, upload)
    assert drain(ends.active) == Received.all_of(upload)
    sending.result()
    assert drain(ends.passive) == Received.all_of(banner)


@both_protections
def test_both_sides_may_finish_at_once(ends: Ends, world: World) -> None:
    one_way, other_way = Payload(100_000, seed=1), Payload(100_001, seed=2)
    sending = [
        world.background(send_and_finish, ends.active, one_way),
        world.background(send_and_finish, ends.passive, other_way),
    ]
    receiving = world.background(drain, ends.passive)
    assert drain(ends.active) == Received.all_of(other_way)
    assert receiving.result() == Received.all_of(one_way)
    for each in sending:
        each.result()
    assert (socket_error(ends.active), socket_error(ends.passive)) == (0, 0)
    ends.chain.expect_closed(why="done")


@both_protections
def test_the_end_of_stream_waits_behind_a_stalled_reader(ends: Ends, world: World) -> None:
    payload = Payload(96 * MIB)
    sending = world.background(send_and_finish, ends.active, payload)
    assert not wait([sending], timeout=1.0).done, "nobody read, and everything was taken"
    assert drain(ends.passive) == Received.all_of(payload)
    sending.result()


@both_protections
def test_a_stalled_reader_gets_all_that_was_finished_long_before(ends: Ends) -> None:
    """As above, with little enough that the sender is done and gone before anything is read."""
    payload = Payload(40_000)
    send_and_finish(ends.active, payload)
    finish(ends.passive)
    assert drain(ends.active) == Received.nothing()
    ends.active.close()
    assert drain(ends.passive) == Received.all_of(payload)


@both_protections
def test_a_half_closed_connection_stays_open_for_later_bytes(ends: Ends) -> None:
    finish(ends.active)
    assert drain(ends.passive) == Received.nothing()
    for word in (b"one", b"two", b"three"):
        ends.passive.sendall(word)
        assert receive_exactly(ends.active, len(word)) == word
    finish(ends.passive)
    assert drain(ends.active).end == END_OF_STREAM


def test_a_target_that_speaks_first_is_heard_by_a_silent_client(world: World) -> None:
    target = world.target()
    client = world.dial(world.chain(target.address).address)
    server = target.accept()
    server.sendall(b"220 ready\r\n")
    assert receive_exactly(client, 11) == b"220 ready\r\n"


@both_protections
def test_an_urgent_byte_stays_in_its_place_among_the_others(ends: Ends) -> None:
    ends.passive.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    ends.active.sendall(b"before")
    ends.active.send(b"!", socket.MSG_OOB)
    ends.active.sendall(b"after")
    assert receive_exactly(ends.passive, 12) == b"before!after"


def test_connections_of_one_chain_end_independently(world: World) -> None:
    chain = world.chain(world.target().serve(echo).address)
    first, second = world.dial(chain.address), world.dial(chain.address)
    ping(first)
    ping(second)
    finish(first)
    assert drain(first) == Received.nothing()
    ping(second)
    send_payload(second, Payload(1000))
    assert receive_exactly(second, 1000) == Payload(1000).bytes()
