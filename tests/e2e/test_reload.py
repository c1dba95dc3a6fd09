# SPDX-License-Identifier: MIT
"""SIGHUP: share and connect go on with what their configuration says now; --for and --idle-exit."""
from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from harness.people import written
from harness.program import Program
from harness.streams import RESET, drain, finish, ping, receive_exactly
from harness.target import echo
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary


class Configured:
    """A share or connect that takes its services from a file, which the test rewrites."""

    def __init__(self, world: World, command: str, flags: tuple[str, ...]) -> None:
        self.command = command
        self.file: Path = world.folder / f"{command}.json"
        self._world = world
        self._flags = flags

    def start(self, services: dict[str, Any]) -> Program:
        """Runs it with these services."""
        self.write(services)
        return self._world.start(self.command, "--config", str(self.file), *self._flags)

    def write(self, services: dict[str, Any]) -> None:
        """What it will find when it reads again."""
        self.file.write_text(json.dumps({self.command: services}), encoding="ascii")


def test_services_come_and_go_and_change_their_targets_while_connections_go_on(
    world: World,
) -> None:
    router = world.router()
    first, second, third = world.target(), world.target(), world.target()
    configured = Configured(world, "share", router.flags)
    share = configured.start({"web": first.address, "old": second.address})
    connect = world.connect(router, "web=0", "old=0", "new=0")
    share.wait_event("sharing", name="old")
    web_address = listening(connect, "web")
    web = world.dial(web_address)
    at_first = first.accept()
    old = world.dial(listening(connect, "old"))
    at_second = second.accept()
    configured.write({"web": third.address, "new": second.address})
    share.send_signal(signal.SIGHUP)
    share.wait_event("sharing", name="web", target=third.address)
    share.wait_event("sharing", name="new")
    for here, there in ((web, at_first), (old, at_second)):
        here.sendall(b"still")
        assert receive_exactly(there, 5) == b"still"
    again = world.dial(web_address)
    again.sendall(b"third")
    assert receive_exactly(third.accept(), 5) == b"third"
    new = world.dial(listening(connect, "new"))
    new.sendall(b"second")
    assert receive_exactly(second.accept(), 6) == b"second"
    assert [each["name"] for each in world.services(router)] == ["web", "new"]


def test_listeners_come_and_go_while_connections_go_on(world: World) -> None:
    router = world.router()
    target = world.target()
    world.share(router, f"web={target.address}", f"api={target.address}")
    configured = Configured(world, "connect", router.flags)
    before, after = world.folder / "before", world.folder / "after"
    connect = configured.start({"web": f"unix:{before}"})
    assert listening(connect, "web") == f"unix:{before}"
    client = world.dial(f"unix:{before}")
    server = target.accept()
    configured.write({"web": f"unix:{after}", "api": 0})
    connect.send_signal(signal.SIGHUP)
    moved = connect.wait_event("listening", service="web", address=f"unix:{after}")
    api = listening(connect, "api")
    assert not before.exists()
    client.sendall(b"still")
    assert receive_exactly(server, 5) == b"still"
    for address in (str(moved["address"]), api):
        world.background(lambda: echo(target.accept()))
        ping(world.dial(address))


def test_what_is_left_is_shared_where_the_first_one_goes_before_there_is_a_router(
    world: World,
) -> None:
    gone = world.router()
    gone.program.send_signal(signal.SIGTERM)
    gone.program.wait_exit()
    target = world.target().address
    configured = Configured(world, "share", gone.flags)
    share = configured.start({"old": target, "web": target})
    share.wait_event("router", state="offline")
    configured.write({"web": target})
    share.send_signal(signal.SIGHUP)
    share.wait_line("not sharing old any more")
    world.router(listen=gone.address)
    share.wait_event("sharing", name="web")


def test_all_that_is_new_is_started_once_and_has_the_tickets_that_it_told(world: World) -> None:
    router = world.router()
    target = world.target().address
    configured = Configured(world, "share", ("--new-ticket", "--ticket=bob", *router.flags))
    share = configured.start({"old": target})
    share.wait_event("sharing", name="old")
    configured.write({"web": target, "api": target})
    share.send_signal(signal.SIGHUP)
    share.wait_event("sharing", name="web")
    share.wait_event("sharing", name="api")
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit() == 0
    keyring = (world.folder / ".config/mindmeld/keyring").read_text(encoding="ascii")
    assert "ticket api bob 0 " in keyring  # the first, and not one in its place


def test_a_share_goes_on_without_a_new_name_that_it_cannot_have(world: World) -> None:
    router = world.router()
    target = world.target()
    world.share(router, f"db={target.address}", extra=world.another_user())
    configured = Configured(world, "share", router.flags)
    share = configured.start({"web": target.address})
    client = world.dial(listening(world.connect(router, "web=0"), "web"))
    server = target.accept()
    configured.write({"web": target.address, "db": target.address})
    share.send_signal(signal.SIGHUP)
    share.wait_event("error", code="name_taken")
    client.sendall(b"still")
    assert receive_exactly(server, 5) == b"still"


def test_a_ticket_that_is_taken_back_cuts_what_goes_on_of_a_service_that_went(
    world: World,
) -> None:
    router = world.router()
    target = world.target()
    configured = Configured(world, "share", router.flags)
    share = configured.start({"web": target.address, "api": target.address})
    ticket = share.wait_event("sharing", name="web")["ticket"]
    guest = world.start("connect", f"{ticket}=0", extra=world.another_user())
    client = world.dial(listening(guest, "web"))
    client.sendall(b"word")
    assert receive_exactly(target.accept(), 4) == b"word"
    configured.write({"api": target.address})
    share.send_signal(signal.SIGHUP)
    share.wait_line("not sharing web any more")
    keyring = world.folder / ".config/mindmeld/keyring"
    text = re.sub("ticket web .*\n", "", keyring.read_text(encoding="ascii"))
    written(keyring.with_suffix(".new"), text, 0o600).rename(keyring)
    assert drain(client).end == RESET


def test_a_ticket_that_the_keyring_has_by_now_is_the_one_after_a_reload(world: World) -> None:
    router = world.router()
    target = world.target()
    guests = ("--ticket=ann", "--ticket=bob")
    share = world.start("share", f"web={target.address}", *guests, *router.flags)
    ann, bob = (str(share.wait_event("sharing", guest=each)["ticket"]) for each in ("ann", "bob"))
    keyring = Path(world.another_user()["MINDMELD_KEYRING"])
    flags = ("--keyring", str(keyring))
    first = world.start("connect", f"{ann}=0", *flags)
    world.dial(listening(first, "web"))
    share.wait_event("connection", state="open", guest="ann")
    first.until(lambda: ann in keyring.read_text(encoding="ascii"), "it is kept")
    configured = Configured(world, "connect", flags)
    connect = configured.start({"web": 0})
    listening(connect, "web")
    text = keyring.read_text(encoding="ascii").replace(ann, bob)
    written(keyring.with_suffix(".new"), text, 0o600).rename(keyring)
    connect.send_signal(signal.SIGHUP)
    world.dial(listening(connect, "web"))
    share.wait_event("connection", state="open", guest="bob")


def test_a_listener_whose_port_was_taken_listens_after_the_next_reload(world: World) -> None:
    router = world.router()
    configured = Configured(world, "connect", router.flags)
    connect = configured.start({"web": 0})
    listening(connect, "web")
    taken = world.dead_address()
    held = taken.listen()
    configured.write({"web": 0, "api": taken.address})
    connect.send_signal(signal.SIGHUP)
    connect.wait_event("error", code="cannot_listen")
    held.close()
    connect.send_signal(signal.SIGHUP)
    assert listening(connect, "api") == taken.address


@pytest.mark.parametrize("command", ["share", "connect"])
def test_a_configuration_that_is_wrong_changes_nothing(world: World, command: str) -> None:
    router = world.router()
    target = world.target()
    configured = Configured(world, command, router.flags)
    if command == "share":
        program = configured.start({"web": target.address})
        program.wait_event("sharing")
        address = listening(world.connect(router, "web=0"), "web")
    else:
        world.share(router, f"web={target.address}")
        program = configured.start({"web": 0})
        address = listening(program, "web")
    configured.file.write_text('{"ruter": 1}', encoding="ascii")
    program.send_signal(signal.SIGHUP)
    told = program.wait_event("error", code="usage")
    assert 'did you mean "router"?' in told["message"] and "as it was" in told["message"]
    world.background(lambda: echo(target.accept()))
    ping(world.dial(address))


def test_a_share_that_is_to_have_another_router_says_that_this_takes_a_restart(
    world: World,
) -> None:
    first, second = world.router(), world.router()
    file = world.folder / "share.json"
    services = {"web": 3000}
    file.write_text(json.dumps({"router": first.flags[1], "share": services}), encoding="ascii")
    share = world.start("share", "--config", str(file))
    share.wait_event("sharing", name="web")
    file.write_text(json.dumps({"router": second.flags[1], "share": services}), encoding="ascii")
    share.send_signal(signal.SIGHUP)
    share.wait_line(re.escape(f"another router than {first.flags[1]} takes a restart"))
    assert [each["name"] for each in world.services(first)] == ["web"]
    assert world.services(second) == []


def test_a_share_ends_with_its_terminal(world: World) -> None:
    router = world.router()
    terminal = world.at_terminal("share", f"web={world.target().address}", *router.flags)
    terminal.read_until("mindmeld connect web")
    terminal.hang_up()
    assert terminal.wait_exit(10) == 0


def test_a_router_that_could_reload_ends_with_its_terminal_all_the_same(world: World) -> None:
    people = world.folder / "people.json"
    people.write_text('{"people": []}', encoding="ascii")
    flags = ("--listen", "127.0.0.1:0", "--auth-file", str(people))
    terminal = world.at_terminal("router", *flags)
    terminal.read_until("listening on")
    terminal.hang_up()
    assert terminal.wait_exit(10) == 0


def test_a_share_ends_when_its_time_is_over(world: World) -> None:
    router = world.router()
    share = world.start("share", f"web={world.target().address}", "--for", "300ms", *router.flags)
    share.wait_line("this share ends: its time")
    assert share.wait_exit() == 0


def test_a_share_that_nobody_uses_ends_and_one_in_use_does_not(world: World) -> None:
    router = world.router()
    target = world.target()
    flags = ("--idle-exit", "2s")
    used = world.share(router, f"used={target.address}", flags=flags)
    client = world.dial(listening(world.connect(router, "used=0"), "used"))
    server = target.accept()
    unused = world.share(router, f"unused={target.address}", flags=flags)
    unused.wait_line("this share ends: nobody was connected")
    assert unused.wait_exit() == 0
    assert used.is_running()
    client.sendall(b"word")
    assert receive_exactly(server, 4) == b"word"
    finish(client)
    finish(server)
    assert used.wait_exit() == 0
