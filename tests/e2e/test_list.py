# SPDX-License-Identifier: MIT
"""`mindmeld list` of some services, by a ticket, and again and again."""
from __future__ import annotations

import json
import signal
from typing import Any

import pytest
from harness.people import People
from harness.streams import receive_exactly
from harness.target import echo
from harness.terminal import OWN_PAGE, PAGE_BEFORE
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary


def test_globs_choose_and_what_none_fits_is_said(world: World) -> None:
    router = world.router()
    target = world.target().address
    world.share(router, f"web={target}", f"ann-db={target}", f"ann-api={target}")
    listed = world.run("list", "--json", "ann-*", "w?b", *router.flags)
    names = [each["name"] for each in json.loads(listed.stdout)["services"]]
    assert names == ["web", "ann-db", "ann-api"]
    listed = world.run("list", "--json", "ann-*", *router.flags)
    assert [each["name"] for each in json.loads(listed.stdout)["services"]] == ["ann-db", "ann-api"]
    assert world.run("list", "bob-*", *router.flags).stdout.startswith("no service of that name at")


def test_who_has_a_ticket_sees_its_service_and_nothing_else(world: World) -> None:
    people = People(world)
    ann = people.pass_file(people.add("ann"))
    router = world.router(*people.flags)
    target = world.target().address
    share = world.start("share", f"web={target}", f"db={target}", *ann, *router.flags)
    ticket = str(share.wait_event("sharing", name="web")["ticket"])
    share.wait_event("sharing", name="db")
    listed = world.run("list", "--json", ticket, extra=world.another_user())
    assert [each["name"] for each in json.loads(listed.stdout)["services"]] == ["web"]
    other = ticket.replace("/web#", "/db#")
    assert json.loads(world.run("list", "--json", other).stdout)["services"] == []


def test_the_connections_of_ones_own_services_are_shown_to_nobody_else(world: World) -> None:
    people = People(world)
    ann, bob = (people.pass_file(people.add(each)) for each in ("ann", "bob"))
    router = world.router(*people.flags)
    target = world.target()
    share = world.start("share", f"web={target.address}", *ann, *router.flags)
    share.wait_event("sharing")
    connect = world.start("connect", "web=0", *bob, *router.flags)
    client = world.dial(listening(connect, "web"))
    client.sendall(b"x" * 5_000)
    receive_exactly(target.accept(), 5_000)
    connection = connect.wait_event("connection", state="open")

    def seen_by(who: tuple[str, str]) -> list[dict[str, Any]]:
        listed = world.run("list", "--connections", "--json", *who, *router.flags)
        return list(json.loads(listed.stdout)["services"][0]["open"])

    (own,) = seen_by(ann)
    assert own["id"] == connection["id"] and own["caller"] == "bob" and own["up_bytes"] > 5_000
    assert seen_by(bob) == []
    shown = world.run("list", "--connections", *bob, *router.flags).stdout
    assert shown.endswith("no open connections of services of yours\n")


def test_a_watched_list_follows_what_is_shared(world: World) -> None:
    router = world.router()
    terminal = world.at_terminal("list", "--watch", *router.flags)
    terminal.read_until("no services at")
    world.share(router, f"web={world.target().address}")
    terminal.read_until("web   tcp")
    terminal.send_signal(signal.SIGINT)
    terminal.read_until(PAGE_BEFORE)
    assert terminal.wait_exit(10) == 130


def test_ctrl_z_gives_the_page_of_a_watched_list_back(world: World) -> None:
    router = world.router()
    terminal = world.at_terminal("list", "--watch", *router.flags)
    terminal.read_until("no services at")
    terminal.send_signal(signal.SIGTSTP)
    terminal.read_until(PAGE_BEFORE)
    terminal.wait_stopped()
    terminal.send_signal(signal.SIGCONT)
    terminal.read_until(OWN_PAGE)
    terminal.send_signal(signal.SIGTERM)
    assert terminal.wait_exit(10) == 0


def test_why_a_watched_list_ends_stays_on_the_screen(world: World) -> None:
    people = People(world)
    ann = people.pass_file(people.add("ann"))
    router = world.router(*people.flags)
    terminal = world.at_terminal("list", "--watch", *ann, *router.flags)
    terminal.read_until("no services at")
    people.take_out("ann")
    terminal.read_until(PAGE_BEFORE)
    terminal.read_until("mindmeld: ")
    terminal.read_until("this pass is not valid here")
    assert terminal.wait_exit(10) == 3


def test_a_watched_list_of_lines_says_what_it_waits_for_and_that_it_is_back(world: World) -> None:
    router = world.router()
    terminal = world.at_terminal("list", "--watch", *router.flags, TERM="dumb")
    terminal.read_until("no services at")
    router.program.kill()
    terminal.read_until("no router at")
    world.router(listen=router.address)
    terminal.read_until("no services at")
    terminal.send_signal(signal.SIGTERM)
    assert terminal.wait_exit(10) == 0


def test_a_watched_list_ends_where_there_is_no_router(world: World) -> None:
    stranger = world.target().serve(echo)
    watch = world.start(
        *("list", "--watch", "--router", f"http://{stranger.address}"), expected_exit=5
    )
    watch.wait_event("error", code="router")
    assert watch.wait_exit() == 5


def test_a_watched_list_in_a_script_is_an_object_each_time(world: World) -> None:
    router = world.router()
    watch = world.start("list", "--watch", *router.flags)
    watch.until(lambda: any(each.get("services") == [] for each in watch.events_left()), "empty")
    world.share(router, f"web={world.target().address}")
    watch.until(
        lambda: any(each.get("services") for each in watch.events_left()), "the list has the service"
    )
