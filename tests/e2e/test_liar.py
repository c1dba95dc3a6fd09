# SPDX-License-Identifier: MIT
"""A router that does not forward what it got, but plays back, swaps, cuts short or ends (H3, H12):
resets, never a wrong byte, and never what looks like a clean end."""
from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from harness.chaos import UP, Chaos
from harness.foreign import ForeignClient, ForeignConduit, Frame, Stubs
from harness.liar import CONNECT, SHARE, Leg, Liar
from harness.streams import RESET, Received, drain, finish, ping, receive_exactly
from harness.target import Target, echo
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

TLS = 1  # Attach.protection


@dataclass(frozen=True)
class Crooked:
    """A forward through a liar: where applications connect, and the server that they reach."""

    liar: Liar
    far: ForeignClient  # of the share's router
    address: str
    target: Target

    def open(self, world: World) -> tuple[socket.socket, socket.socket]:
        """An application's connection, and the server's, after a byte each way."""
        application = world.dial(self.address)
        application.sendall(b"?")
        server = self.target.accept()
        assert server.recv(1) == b"?"
        server.sendall(b"!")
        assert application.recv(1) == b"!"
        return application, server


@pytest.fixture
def crooked(world: World, stubs: Stubs) -> Crooked:
    """One that is honest until it is told otherwise."""
    honest, led_to = world.router(), world.router()
    far = world.owned(ForeignClient(stubs, honest))
    near = world.owned(ForeignClient(stubs, led_to))
    target = world.target()
    share = world.start("share", f"web={target.port}", *honest.flags)
    ticket = urlsplit(share.wait_event("sharing")["ticket"])._replace(netloc=led_to.address)
    liar = Liar(near, far, "web")
    connect = world.start("connect", f"{ticket.geturl()}=0", extra=world.another_user())
    return Crooked(liar, far, listening(connect, "web"), target)


def test_one_that_forwards_everything_is_as_good_as_any(world: World, crooked: Crooked) -> None:
    """So what the other tests see is what the lie did."""
    application, server = crooked.open(world)
    server.sendall(b"answer")
    assert receive_exactly(application, 6) == b"answer"
    finish(server)
    assert drain(application) == Received.nothing()


def test_what_connect_said_once_opens_nothing_when_a_router_says_it_again(
    world: World, crooked: Crooked
) -> None:
    crooked.open(world)
    hello, *rest = crooked.liar.legs[0].said[CONNECT]
    again = ForeignConduit(crooked.far.open_lane("web"), TLS)
    again.send(hello)
    again.receive()  # the share's half of a handshake that the rest does not belong to
    with pytest.raises(ConnectionResetError):
        again.send(b"".join(rest))
        while again.receive():
            pass
    assert crooked.target.connections == 1


def test_what_a_share_said_once_is_nothing_to_another_connection(
    world: World, crooked: Crooked
) -> None:
    crooked.open(world)
    said = b"".join(crooked.liar.legs[0].said[SHARE])

    def play_back(leg: Leg, source: str, frame: Frame) -> None:
        """What the share said then, in place of anything that it could say now."""
        if frame.HasField("attach"):
            ForeignConduit(leg.lanes[source], TLS).send(said)

    crooked.liar.on_frame = play_back
    assert drain(world.dial(crooked.address)) == Received.nothing(RESET)


either_end = pytest.mark.parametrize("teller", [CONNECT, SHARE])


@either_end
def test_connections_that_are_swapped_are_both_reset(
    world: World, crooked: Crooked, teller: str
) -> None:
    pairs = [crooked.open(world), crooked.open(world)]
    legs = crooked.liar.legs
    places = [sum(map(len, leg.said[teller])) for leg in legs]

    def swap(leg: Leg, source: str, frame: Frame) -> None:
        """What is told on one connection, on the other one, at the place that it is at."""
        if source == teller and frame.data:
            instead = 1 - legs.index(leg)
            frame.offset = places[instead]
            frame.ClearField("received")
            frame.ClearField("limit")
            leg = legs[instead]
        leg.send(source, frame)

    crooked.liar.on_frame = swap
    for application, server in pairs:
        (application if teller == CONNECT else server).sendall(b"my secret")
    for application, server in pairs:
        assert drain(server) == Received.nothing(RESET)
        assert drain(application) == Received.nothing(RESET)


@either_end
def test_an_end_that_a_router_forges_is_a_reset(
    world: World, crooked: Crooked, teller: str
) -> None:
    application, server = crooked.open(world)
    speaker, hearer = (application, server) if teller == CONNECT else (server, application)

    def end_early(leg: Leg, source: str, frame: Frame) -> None:
        """In place of what is said, its end of stream."""
        if source == teller and frame.data:
            frame.ClearField("data")
            frame.fin = True
        leg.send(source, frame)

    crooked.liar.on_frame = end_early
    speaker.sendall(b"half of what is said, and the other half")
    assert drain(hearer) == Received.nothing(RESET)
    with suppress(ConnectionResetError):
        assert drain(speaker).end == RESET


def test_what_was_recorded_on_the_way_to_a_router_opens_nothing_a_second_time(
    world: World, router: Router
) -> None:
    """The bytes of a whole connection to the router, sent to it again as they were."""
    target = world.target().serve(echo)
    world.share(router, f"web={target.port}")
    chaos = world.owned(Chaos(router.address))
    recorded: list[bytes] = []

    def record(direction: str, block: bytes) -> bytes:
        if direction == UP:
            recorded.append(block)
        return block

    chaos.on_block = record
    connect = world.connect(replace(router, flags=("--router", f"http://{chaos.address}")), "web=0")
    ping(world.dial(listening(connect, "web")))
    before = target.connections
    again = world.dial(router.address)
    again.sendall(b"".join(recorded))
    finish(again)
    drain(again)
    assert target.connections == before
    assert world.services(router)[0]["connections"] == 1
