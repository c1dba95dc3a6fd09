# SPDX-License-Identifier: MIT
"""A wall clock that leaps, and a machine that slept (R18): timers do not notice the first, and see
the second as what it is; what ends at a date ends."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from harness.clock import Clocks
from harness.people import People
from harness.preload import build_library
from harness.streams import RESET, drain, ping
from harness.target import echo
from harness.world import World, listening

pytestmark = [pytest.mark.needs_binary, pytest.mark.needs_dynamic_binary]

DAY_S = 24 * 3600


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands between a process and its clocks."""
    return build_library(tmp_path_factory.mktemp("clock"), "clock")


@pytest.mark.parametrize("days", [1, -1])
def test_a_day_forwards_or_back_is_not_noticed(world: World, library: Path, days: int) -> None:
    router_clock, share_clock, connect_clock = (
        Clocks(world, library, name) for name in ("router", "share", "connect")
    )
    router = world.router(**router_clock.options)
    target = world.target().serve(echo)
    share = world.share(router, f"web={target.port}", **share_clock.options)
    connect = world.connect(router, "web=0", **connect_clock.options)
    address = listening(connect, "web")
    connection = world.dial(address)
    ping(connection)
    for clock in (router_clock, share_clock, connect_clock):
        clock.leap(days * DAY_S)
        ping(connection)
        ping(world.dial(address))
    assert world.services(router)[0]["connections"] == 4
    for program in (share, connect):
        states = [event.get("state") for event in program.events_left()]
        assert "closed" not in states and "offline" not in states


@pytest.mark.parametrize("sleeper", ["share", "connect"])
def test_who_sleeps_for_ten_minutes_wakes_with_everything(
    world: World, library: Path, sleeper: str
) -> None:
    clocks = Clocks(world, library)
    router = world.router()
    options = {sleeper: clocks.options}
    target = world.target().serve(echo)
    world.share(router, f"web={target.port}", **options.get("share", {}))
    connect = world.connect(router, "web=0", **options.get("connect", {}))
    address = listening(connect, "web")
    connection = world.dial(address)
    ping(connection)
    clocks.sleep(600)
    ping(connection)
    ping(world.dial(address))


def test_who_sleeps_for_longer_than_the_grace_wakes_to_a_reset(
    world: World, library: Path
) -> None:
    clocks = Clocks(world, library)
    router = world.router()
    target = world.target().serve(echo)
    world.share(router, f"web={target.port}")
    connect = world.connect(router, "web=0", **clocks.options)
    connection = world.dial(listening(connect, "web"))
    ping(connection)
    clocks.sleep(16 * 60)
    assert drain(connection).end == RESET


def test_a_person_whose_time_ends_while_the_clock_leaps_is_out(
    world: World, library: Path
) -> None:
    clocks = Clocks(world, library)
    people = People(world)
    end = datetime.now(timezone.utc) + timedelta(days=1)
    until = people.pass_file(people.add("ann", expires=end.strftime("%Y-%m-%dT%H:%M:%SZ")))
    router = world.router(*people.flags, **clocks.options)
    target = world.target().serve(echo)
    share = world.share(router, f"web={target.port}", flags=until, expected_exit=3)
    connection = world.dial(listening(world.connect(router, "web=0", *until), "web"))
    ping(connection)
    clocks.leap(2 * DAY_S)
    assert drain(connection).end == RESET
    share.wait_exit()
    world.run("list", *router.flags, *until).expect_refusal(3, "not valid")


def test_a_ticket_whose_time_ends_while_the_clock_leaps_opens_nothing(
    world: World, library: Path
) -> None:
    clocks = Clocks(world, library)
    router = world.router()
    target = world.target().serve(echo)
    share = world.start("share", f"web={target.port}", *router.flags, **clocks.options)
    ticket = share.wait_event("sharing")["ticket"]
    first = world.start("connect", f"{ticket}=0", extra=world.another_user())
    connection = world.dial(listening(first, "web"))
    ping(connection)
    clocks.leap(31 * DAY_S)
    world.run("connect", f"{ticket}=-", extra=world.another_user()).expect_refusal(
        3, "not any more: ask for a new one"
    )
    ping(connection)  # a ticket is for opening
