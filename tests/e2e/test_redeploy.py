# SPDX-License-Identifier: MIT
"""R9: a new router behind the address of one that goes on, as a redeploy on Cloud Run leaves it."""
from __future__ import annotations

import pytest
from harness.forward import Forward
from harness.front_end import MIGRATION_S
from harness.streams import Received, drain, finish, ping
from harness.target import echo
from harness.world import World

pytestmark = pytest.mark.needs_binary


@pytest.mark.timeout_s(90)
def test_a_new_router_beside_the_old_one_gets_service_and_connections_within_a_minute(
    world: World,
) -> None:
    target = world.target().serve(echo)
    forward = Forward(world, target)
    clients = [world.dial(forward.address) for _ in range(3)]
    for client in clients:
        ping(client)
    old, new = forward.router, world.router()
    for link in (forward.share_link, forward.connect_link):
        link.upstream = new.address  # of new connections; those to the old router stay

    def all_are_served() -> bool:
        ping(clients[0])  # meanwhile, all the time
        return new.program.stderr_text().count("bridge.opened") == len(clients)

    new.program.until(all_are_served, "every connection is at the new router", MIGRATION_S)
    assert [service["name"] for service in world.services(new)] == ["web"]
    for client in [*clients, world.dial(forward.address)]:
        ping(client)
        finish(client)
        assert drain(client) == Received.nothing()
    assert old.program.is_running()
    assert world.services(old) == []
    for program in (forward.share, forward.connect):
        left = program.events_left()
        assert not [event for event in left if event.get("state") == "offline"], program.describe()
        reasons = [event["why"] for event in left if event.get("state") == "closed"]
        assert all(why == "done" for why in reasons), reasons
