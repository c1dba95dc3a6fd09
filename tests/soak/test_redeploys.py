# SPDX-License-Identifier: MIT
"""Behind a front end for minutes: what its 60 s of silence and its redeploys do to connections."""
from __future__ import annotations

import threading

import pytest
from harness.certificates import Certificates
from harness.front_end import Fronted
from harness.streams import Payload, Received, drain, ping, send_and_finish
from harness.target import echo
from harness.world import World

SILENCE_S = 60
IDLE_S = 200.0
MANY = 300
GIB = 1 << 30


@pytest.mark.timeout_s(300)
def test_heartbeats_keep_idle_streams_from_being_cut(
    world: World, certificates: Certificates
) -> None:
    target = world.target().serve(echo)
    fronted = Fronted(world, certificates, target, SILENCE_S)
    clients = [world.dial(fronted.address) for _ in range(MANY)]
    for client in clients:
        ping(client)
    threading.Event().wait(IDLE_S)
    for client in clients:
        ping(client)
    assert fronted.bridges(generation=0) == MANY
    assert fronted.bridges(generation=1) == 0
    fronted.expect_quiet()


@pytest.mark.timeout_s(300)
@pytest.mark.parametrize("direction", ["upload", "download"])
def test_a_gib_passes_while_the_router_is_redeployed_again_and_again(
    world: World, certificates: Certificates, direction: str
) -> None:
    target = world.target()
    fronted = Fronted(world, certificates, target, SILENCE_S)
    client, server = world.dial(fronted.address), target.accept()
    sender, receiver = (client, server) if direction == "upload" else (server, client)
    payload = Payload(GIB)
    sending = world.background(send_and_finish, sender, payload)
    receiving = world.background(drain, receiver)
    redeploys = 0
    while not receiving.done():
        fronted.replace_router()
        assert fronted.routers[-2].program.wait_exit(15) == 0
        fronted.routers[-1].program.until(
            lambda: receiving.done() or fronted.routers[-1].program.has_said("bridge.opened"),
            "the transfer goes on through the next router",
            timeout_s=20,
        )
        redeploys += 1
    sending.result()
    assert receiving.result() == Received.all_of(payload)
    print(f"\n{direction}: {redeploys} redeploys")
    assert redeploys >= 3
    fronted.expect_quiet()
