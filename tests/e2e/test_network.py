# SPDX-License-Identifier: MIT
"""A machine whose network changes goes on at once: long before a heartbeat or TCP would notice."""
from __future__ import annotations

import pytest
from harness.network import ROUTER, Network
from harness.program import Program
from harness.streams import Received, drain, finish, ping
from harness.target import echo
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary


@pytest.fixture
def network(world: World) -> Network:
    """A network of the test's own."""
    return world.owned(Network())


@pytest.mark.parametrize("mover", ["connect", "share"])
def test_a_change_of_network_is_followed_at_once(
    world: World, network: Network, mover: str
) -> None:
    target = world.target(f"unix:{world.folder}/target").serve(echo)
    flags = ("--listen", "0.0.0.0:0", "--allow-anonymous", "--plaintext")
    router = world.start("router", *flags, within=network.within)
    port = router.wait_event("listening")["address"].rpartition(":")[2]
    hosts = {"share": "127.0.0.1", "connect": "127.0.0.1"} | {mover: ROUTER}

    def start(command: str, service: str) -> Program:
        by = ("--router", f"http://{hosts[command]}:{port}")
        return world.start(command, service, *by, within=network.within)

    programs = {"share": start("share", f"web={target.address}")}
    programs["share"].wait_event("sharing")
    programs["connect"] = start("connect", f"web=unix:{world.folder}/listener")
    address = listening(programs["connect"], "web")
    client = world.dial(address)
    ping(client)
    network.change()
    programs[mover].wait_line("network.changed")
    ping(client)
    ping(world.dial(address))
    finish(client)
    assert drain(client) == Received.nothing()
    for program in programs.values():
        assert "network.changed" not in program.stderr_text() or program is programs[mover]
