# SPDX-License-Identifier: MIT
"""M1, M2, M6, M7 and M9 of the close-semantics matrix, where the link breaks once around the close:
each application sees what it would have seen without."""
from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from harness.chaos import DOWN, UP, Chaos
from harness.forward import Forward
from harness.program import Program
from harness.streams import (
    RESET,
    Payload,
    Received,
    dial_and_drain,
    drain,
    finish,
    receive_exactly,
    reset,
    send_and_finish,
    send_payload,
    socket_error,
)
from harness.world import World

pytestmark = pytest.mark.needs_binary

MIB = 1 << 20
BEFORE, LOST, UNANSWERED = "before it", "as it is told", "before it is acknowledged"
WAS_CUT = r"tunnel\.lost .*the connection to the router at .* was lost"
CAME_BACK = r"tunnel\.attached .*generation=[1-9]"

Ends = tuple[Program, Chaos]


def ends_of(forward: Forward, end: str) -> tuple[Ends, Ends]:
    """This end and its link to the router, and the other's."""
    both = [(forward.connect, forward.connect_link), (forward.share, forward.share_link)]
    one, other = both if end == "connect" else reversed(both)
    return one, other


def mend(link: Chaos) -> None:
    """Ends what lost bytes, and then lets it work again."""
    link.refuse()
    link.cut()
    link.black_hole()
    link.refuse(False)


@dataclass(frozen=True)
class Case:
    """A forwarded connection whose active end is about to lose its link, once."""

    world: World
    active: socket.socket
    passive: socket.socket
    near: Ends  # the active application's
    far: Ends
    moment: str

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Around what the active application does: the link breaks at the moment, and is back."""
        (program, link), far_link = self.near, self.far[1]
        sent, arrived = link.carried[UP], far_link.carried[DOWN]
        if self.moment == BEFORE:
            link.refuse()
            link.cut()
            program.wait_line(r"tunnel\.lost")
            yield
            link.refuse(False)
            return
        link.black_hole(*((UP, DOWN) if self.moment == LOST else (DOWN,)))
        yield
        if self.moment == LOST:
            program.until(lambda: link.carried[UP] > sent, "it says nothing")
        else:
            program.until(lambda: far_link.carried[DOWN] > arrived, "nothing arrives")
        mend(link)

    def expect_closed(self, *, by_reset: bool = False, **values: object) -> None:
        """Both ends say so, and another lane carried on what was not known to have arrived.

        A reset is an end's last word: when the other end has it, that is gone, and joins no lane.
        """
        for program, _ in (self.near, self.far):
            program.wait_event("connection", state="closed", **values)
        is_over = by_reset and self.moment == UNANSWERED
        self.near[0].wait_line(WAS_CUT if is_over else CAME_BACK)


def an_end_of_stream_without_a_byte(case: Case) -> None:
    """M1."""
    with case.cut():
        finish(case.active)
    assert drain(case.passive) == Received.nothing()
    finish(case.passive)
    assert drain(case.active) == Received.nothing()
    assert (socket_error(case.active), socket_error(case.passive)) == (0, 0)
    case.expect_closed(why="done", up_bytes=0, down_bytes=0)


def a_half_close_before_the_answer(case: Case) -> None:
    """M2, with less than 64 MiB."""
    question, answer = Payload(10_000, seed=1), Payload(4 * MIB, seed=2)
    with case.cut():
        send_and_finish(case.active, question)
    assert drain(case.passive) == Received.all_of(question)
    sending = case.world.background(send_and_finish, case.passive, answer)
    assert drain(case.active) == Received.all_of(answer)
    sending.result()
    case.expect_closed(why="done")


def a_reset_amid_a_transfer(case: Case) -> None:
    """M6. What came before the cut was read: else HTTP/2 might have no room to tell anything."""
    first, rest = Payload(MIB, seed=1), Payload(30_000, seed=2)
    sending = case.world.background(send_payload, case.active, first)
    assert receive_exactly(case.passive, MIB) == first.bytes()
    sending.result()
    with case.cut():
        send_payload(case.active, rest)
        reset(case.active)
    received = drain(case.passive)
    assert received.end == RESET
    assert received.is_prefix_of(rest)
    case.expect_closed(by_reset=True)


def bytes_and_a_reset_at_once(case: Case) -> None:
    """M7, with as much as a program takes at once."""
    payload = Payload(30_000)
    with case.cut():
        send_payload(case.active, payload)
        reset(case.active)
    assert drain(case.passive) == Received.all_of(payload, RESET)
    case.expect_closed(by_reset=True)


CLOSES: list[Callable[[Case], None]] = [
    an_end_of_stream_without_a_byte,
    a_half_close_before_the_answer,
    a_reset_amid_a_transfer,
    bytes_and_a_reset_at_once,
]
either_end = pytest.mark.parametrize("end", ["connect", "share"])


@either_end
@pytest.mark.parametrize("moment", [BEFORE, LOST, UNANSWERED])
@pytest.mark.parametrize("close", CLOSES, ids=lambda close: close.__name__)
def test_a_close_is_what_it_was_although_the_link_breaks(
    world: World, close: Callable[[Case], None], moment: str, end: str
) -> None:
    target = world.target(receive_buffer_bytes=1 << 16)
    forward = Forward(world, target)
    client = world.dial(forward.address, receive_buffer_bytes=1 << 16)
    server = target.accept()
    near, far = ends_of(forward, end)
    active, passive = (client, server) if end == "connect" else (server, client)
    close(Case(world, active, passive, near, far, moment))


def expect_told(forward: Forward, why: str) -> None:
    """M9: both ends say why no byte passed."""
    for program in (forward.connect, forward.share):
        program.wait_event("connection", state="closed", up_bytes=0, down_bytes=0, why=why)


@either_end
def test_a_target_that_refuses_is_a_reset_with_its_reason_although_the_link_broke_before(
    world: World, end: str
) -> None:
    dead = world.dead_address()
    forward = Forward(world, dead)
    (program, link), _ = ends_of(forward, end)
    link.refuse()
    link.cut()
    program.wait_event("router", state="offline")
    received = world.background(dial_and_drain, forward.address)
    link.refuse(False)
    assert received.result() == Received.nothing(RESET)
    expect_told(forward, f"cannot reach {dead.address}: Connection refused")


@either_end
def test_a_target_that_does_not_answer_is_a_reset_with_its_reason_although_that_is_lost_first(
    world: World, end: str
) -> None:
    hole = world.black_hole()
    forward = Forward(world, hole, share_flags=("--dial-timeout", "1s"))
    (program, link), _ = ends_of(forward, end)
    received = world.background(dial_and_drain, forward.address)
    forward.share.until(hole.is_dialled, "the target is not dialled")
    link.black_hole(UP, DOWN)
    forward.share.wait_line("share.refused")
    mend(link)
    assert received.result() == Received.nothing(RESET)
    expect_told(forward, f"cannot reach {hole.address}: no answer within 1 s")
    program.wait_line(CAME_BACK if end == "connect" else r"generation=[1-9]")
