# SPDX-License-Identifier: MIT
"""Days with mindmeld: a team and its guests, some of whom leave; a laptop whose lid is closed."""
from __future__ import annotations

import http.client
import json
import signal
from typing import Any

import pytest
from harness.chaos import DOWN, UP
from harness.download import Download
from harness.forward import Forward
from harness.people import People, written
from harness.program import Program
from harness.streams import PATIENCE_S, RESET, Payload, drain, ping
from harness.target import echo
from harness.web import PAGE, WebServer
from harness.world import Finished, Router, World, listening

pytestmark = pytest.mark.needs_binary

PAYLOAD = Payload(64 << 20)  # more than is on its way at any time


def begun(world: World, address: str) -> Download:
    """A download that has begun."""
    download = world.owned(Download(address, PAYLOAD))
    download.expect_beginning()
    return download


# ---- a team


class Team:
    """Ann, Ben, Cleo and Dan, each with a pass and a keyring of their own, and their router."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = People(world)
        self._as = {name: self._join(name) for name in ("ann", "ben", "cleo", "dan")}
        self.edit("dan", verbs=["connect", "list"], names=["wiki", "w*b"])
        self.router: Router = world.router(*self.people.flags)
        self.web = world.owned(WebServer(PAYLOAD))

    def _join(self, name: str) -> dict[str, str]:
        made = self.people.make(name)
        kept = written(self.world.folder / f"{name}.pass", made.stdout, 0o600)
        return self.world.another_user() | {"MINDMELD_PASS_FILE": str(kept)}

    def edit(self, name: str, **members: Any) -> None:
        """Changes somebody's entry in the auth file; without members, takes it out."""
        there = json.loads(self.people.path.read_text(encoding="utf-8"))["people"]
        left = [each for each in there if each["id"] != name]
        changed = [each | members for each in there if each["id"] == name and members]
        self.people.write(json.dumps({"people": left + changed}))

    def start(self, name: str, *arguments: str, **options: Any) -> Program:
        """A command of somebody's."""
        return self.world.start(*arguments, *self.router.flags, extra=self._as[name], **options)

    def tickets(self, share: Program, *guests: str) -> list[str]:
        """What a share hands out, for each guest."""
        return [str(share.wait_event("sharing", guest=guest)["ticket"]) for guest in guests]

    def seen_by(self, name: str) -> set[str]:
        """The services that somebody is shown."""
        listed = self.run(name, "list", "--json")
        return {each["name"] for each in json.loads(listed.stdout)["services"]}

    def run(self, name: str, *arguments: str) -> Finished:
        """A command of somebody's that ends by itself."""
        return self.world.run(*arguments, *self.router.flags, extra=self._as[name])

    def take_back(self, name: str, service: str, guest: str) -> None:
        """Somebody takes a guest's line out of their keyring, as an editor does."""
        keyring = self.world.folder / self._as[name]["MINDMELD_KEYRING"]
        lines = keyring.read_text(encoding="ascii").splitlines(keepends=True)
        left = [line for line in lines if not line.startswith(f"ticket {service} {guest} ")]
        assert len(left) == len(lines) - 1
        written(keyring, "".join(left), 0o600)


@pytest.fixture
def team(world: World) -> Team:
    """All are there, and nobody shares yet."""
    return Team(world)


def test_one_of_two_guests_leaves_and_the_other_does_not_notice(world: World, team: Team) -> None:
    share = team.start("ann", "share", f"web={team.web.port}", "--ticket", "gina", "--ticket", "gus")
    tickets = team.tickets(share, "gina", "gus")
    as_gina, as_gus = world.another_user(), world.another_user()
    gina = world.start("connect", f"{tickets[0]}=0", extra=as_gina)
    gus = world.start("connect", f"{tickets[1]}=0", extra=as_gus)
    at_gina, at_gus = (listening(each, "web") for each in (gina, gus))
    ginas, guss = begun(world, at_gina), begun(world, at_gus)
    assert "web" in world.run("list", tickets[0], extra=as_gina).stdout

    team.take_back("ann", "web", "gina")
    share.wait_line("the ticket of gina opens web no more, and what it had opened is cut")
    ginas.expect_cut()
    gina.wait_line("web: the ticket that opened this connection was withdrawn")
    later = world.start("connect", "web=0", "--hold", "500ms", extra=as_gina)
    refused = world.owned(Download(listening(later, "web"), PAYLOAD))
    later.wait_line('waiting for service "web": no such service, or this ticket does not open it')
    assert "Connection reset by peer" in refused.failure()
    listed = world.run("list", tickets[0], extra=as_gina)
    assert listed.stdout.startswith('"web" is not at ') and "this ticket" in listed.stdout

    guss.expect_rest()
    begun(world, at_gus).expect_rest()


def test_somebody_leaves_the_team_and_the_others_do_not_notice(world: World, team: Team) -> None:
    wiki = world.target().serve(echo)
    anns = team.start("ann", "share", f"wiki={wiki.port}", "--no-e2e")
    anns.wait_event("sharing")
    bens = team.start("ben", "share", f"db={team.web.port}", "--ticket", "cleo", expected_exit=3)
    (ticket,) = team.tickets(bens, "cleo")
    first = team.start("cleo", "connect", f"{ticket}=0")
    begun(world, listening(first, "db")).expect_rest()
    cleo = team.start("cleo", "connect", "db=0")  # the next day: the name is enough
    at_cleo = listening(cleo, "db")
    cleos = begun(world, at_cleo)
    ben, dan = (team.start(who, "connect", "wiki=0", "--no-e2e") for who in ("ben", "dan"))
    at_ben, at_dan = (world.dial(listening(each, "wiki")) for each in (ben, dan))
    for each in (at_ben, at_dan):
        ping(each)
    assert team.seen_by("ann") == team.seen_by("ben") == {"wiki", "db"}
    assert team.seen_by("dan") == {"wiki"}

    team.edit("ben")
    assert drain(at_ben).end == RESET
    bens.wait_line("this pass is not valid here: ask who runs this router for a new one")
    assert bens.wait_exit() == 3
    cleos.expect_cut()
    cleo.wait_line("db: .*the pass of one of its two ends is not valid here any more")
    world.dial(at_cleo)
    cleo.wait_line('waiting for service "db"; the router has wiki')
    ping(at_dan)
    assert team.seen_by("ann") == team.seen_by("dan") == {"wiki"}
    team.run("ben", "list").expect_refusal(3, "not valid here")
    ping(at_dan)


# ---- a lid


def get(browser: http.client.HTTPConnection) -> bytes:
    """One more page by the connection that is there."""
    browser.request("GET", "/")
    return browser.getresponse().read()


@pytest.mark.parametrize("whose", ["share", "connect"])
def test_a_lid_is_closed_and_opened_where_the_network_comes_later(world: World, whose: str) -> None:
    web = world.owned(WebServer(PAYLOAD))
    forward = Forward(world, web)
    laptop: Program = getattr(forward, whose)
    link = forward.share_link if whose == "share" else forward.connect_link
    browser = http.client.HTTPConnection(forward.address, timeout=PATIENCE_S)
    world.owned(browser)
    assert get(browser) == PAGE
    download = begun(world, forward.address)

    laptop.send_signal(signal.SIGSTOP)
    link.black_hole(UP, DOWN)
    link.refuse()
    browser.request("GET", "/typed-as-it-closed")
    link.cut()
    laptop.send_signal(signal.SIGCONT)
    laptop.wait_event("router", state="offline")
    link.black_hole()
    link.refuse(False)

    assert browser.getresponse().read() == PAGE
    assert get(browser) == PAGE
    download.expect_rest()
    assert web.connections == 2
