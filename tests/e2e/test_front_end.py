# SPDX-License-Identifier: MIT
"""Behind a front end as cloud platforms have one, connections outlive what it does to streams."""
from __future__ import annotations

from collections import Counter

import pytest
from harness.certificates import Certificates
from harness.front_end import Fronted, Rolling
from harness.streams import (
    Payload,
    Received,
    drain,
    finish_all,
    ping,
    ping_all,
    receive_exactly,
    send_and_finish,
)
from harness.target import Target, echo
from harness.world import World

pytestmark = [pytest.mark.needs_binary, pytest.mark.timeout_s(120)]

SILENCE_S = 5
PAYLOAD = Payload(256 << 20)
REPLACEMENTS = 4
MANY, SOME = 300, 50


@pytest.fixture
def target(world: World) -> Target:
    """What is shared."""
    return world.target()


@pytest.fixture
def fronted(world: World, certificates: Certificates, target: Target) -> Fronted:
    """A forward to it."""
    return Fronted(world, certificates, target, SILENCE_S)


def test_streams_that_are_cut_for_their_silence_are_not_missed(
    world: World, target: Target, fronted: Fronted
) -> None:
    """300 connections, so that each end needs several of the front end's."""
    target.serve(echo)
    clients = [world.dial(fronted.address) for _ in range(MANY)]
    ping_all(clients)
    for cuts in (1, 2):
        fronted.routers[0].program.until(
            lambda: fronted.bridges_of_each()[0] > cuts,
            f"every connection was cut {cuts} times",
            timeout_s=6 * SILENCE_S,
        )
        ping_all(clients)
    fronted.expect_quiet()
    finish_all(clients)


@pytest.mark.parametrize("direction", ["upload", "download"])
def test_a_redeploy_amid_a_transfer_is_not_noticed(
    world: World, target: Target, fronted: Fronted, direction: str
) -> None:
    client, server = world.dial(fronted.address), target.accept()
    sender, receiver = (client, server) if direction == "upload" else (server, client)
    sending = world.background(send_and_finish, sender, PAYLOAD)
    received = bytearray()
    for _ in range(REPLACEMENTS):
        received += receive_exactly(receiver, PAYLOAD.size // (REPLACEMENTS + 1))
        fronted.replace_router()
        assert fronted.routers[-2].program.wait_exit(15) == 0
        fronted.routers[-1].program.wait_line("bridge.opened")
    received += receive_exactly(receiver, PAYLOAD.size - len(received))
    sending.result()
    assert bytes(received) == PAYLOAD.bytes()
    assert drain(receiver) == Received.nothing()
    fronted.expect_quiet()


def test_a_redeploy_that_lets_the_old_streams_go_on_is_followed_all_the_same(
    world: World, certificates: Certificates, target: Target
) -> None:
    target.serve(echo)
    fronted = Rolling(world, certificates, target, silence_s=60)
    clients = [world.dial(fronted.address) for _ in range(SOME)]
    ping_all(clients)
    fronted.routers.append(fronted.new_router())
    newcomer = world.dial(fronted.address)
    ping(newcomer)
    fronted.expect_all_to_come(SOME + 1, Counter())
    ping_all(clients)
    fronted.expect_quiet()
