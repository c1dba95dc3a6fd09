# SPDX-License-Identifier: MIT
"""What a connect keeps to: the port that it took once, and that what answers is no router."""
from __future__ import annotations

import signal

import pytest
from harness.streams import Payload, ping
from harness.target import echo
from harness.web import WebServer
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

STRANGERS_MOST = 3  # tries: transport/retry.cc


def test_a_port_that_is_not_the_targets_own_is_kept_while_the_service_is_away(
    world: World, router: Router
) -> None:
    target = world.target().serve(echo)  # which has the number that would be the service's
    share = world.share(router, f"web={target.port}")
    connect = world.connect(router, "web")
    address = listening(connect, "web")
    connect.wait_line(f"another port than its own, {target.port}: ")
    ping(world.dial(address))
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit() == 0
    # The service that comes back could have its own number now, were the port chosen again.
    target.close()
    elsewhere = world.target("127.0.0.2").serve(echo)
    world.share(router, f"web={elsewhere.address}")
    ping(world.dial(address))
    addresses = [e["address"] for e in connect.events_left() if e["event"] == "listening"]
    assert all(address.rpartition(":")[2] == a.rpartition(":")[2] for a in addresses), addresses


@pytest.mark.parametrize("command", [("share", "web=3000"), ("connect", "web=0")])
def test_what_is_not_a_router_is_tried_three_times_and_then_final(
    world: World, command: tuple[str, ...]
) -> None:
    web = world.owned(WebServer(Payload(0)))
    program = world.start(*command, "--router", f"http://{web.address}", expected_exit=5)
    assert program.wait_exit() == 5
    said = program.stderr_text().splitlines()
    told = [line for line in said if line.startswith("mindmeld: ")]
    assert len(told) == 1 and "is not a mindmeld router" in told[0], said
    assert sum(" call.ended " in line for line in said) == STRANGERS_MOST, said
