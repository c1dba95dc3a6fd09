# SPDX-License-Identifier: MIT
"""Links that are slow and far, or break at whatever byte of a lane's beginning: of R12 and R13 what a
proxy can do; all offsets are in tests/sim. R3 is in tests/soak."""
from __future__ import annotations

import pytest
from harness.chaos import Chaos
from harness.forward import Forward
from harness.streams import Payload, Received, drain, finish, ping, send_and_finish
from harness.target import Target, echo
from harness.world import World

pytestmark = pytest.mark.needs_binary

MIB = 1 << 20
PAYLOAD = Payload(8 * MIB)
# From the HTTP/2 preface of a new connection (24 bytes), over what opens a lane, to a ping's answer.
CUTS_AFTER_BYTES = range(1, 1600, 41)

each_link = pytest.mark.parametrize("end", ["share", "connect"])


@pytest.fixture
def target(world: World) -> Target:
    """What is shared."""
    return world.target()


@pytest.fixture
def forward(world: World, target: Target) -> Forward:
    """A forward to it."""
    return Forward(world, target)


def link_of(forward: Forward, end: str) -> Chaos:
    """The link between this end and the router."""
    return {"share": forward.share_link, "connect": forward.connect_link}[end]


@each_link
def test_a_slow_link_with_latency_both_ways_carries_every_byte(
    world: World, target: Target, forward: Forward, end: str
) -> None:
    link = link_of(forward, end)
    link.latency_s, link.bytes_per_s = 0.02, 16 * MIB
    client, server = world.dial(forward.address), target.accept()
    sending = [world.background(send_and_finish, side, PAYLOAD) for side in (client, server)]
    at_server = world.background(drain, server)
    assert drain(client) == at_server.result() == Received.all_of(PAYLOAD)
    for each in sending:
        each.result()


@each_link
def test_a_link_that_breaks_at_any_byte_of_a_lanes_beginning_is_not_noticed(
    world: World, target: Target, forward: Forward, end: str
) -> None:
    target.serve(echo)
    link = link_of(forward, end)
    for count in CUTS_AFTER_BYTES:
        link.cut()  # so that a lane begins on a new connection
        link.cut_after_bytes = count
        client = world.dial(forward.address)
        ping(client)
        forward.connect.until(lambda: link.cut_after_bytes is None, f"no cut after {count} bytes")
        ping(client)
        finish(client)
        assert drain(client) == Received.nothing()
