# SPDX-License-Identifier: MIT
"""Every way to give a ticket, with what is good and what is not."""
from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest
from harness.people import written
from harness.program import Program
from harness.streams import RESET, dial_and_drain, ping
from harness.target import echo
from harness.world import BINARY, Router, World, listening

pytestmark = pytest.mark.needs_binary

GUESTS = ("ann", "bob", "eve")
NOT_WHOLE = "https://relay.example.com/web#short"


@pytest.fixture
def tickets(world: World, router: Router) -> dict[str, str]:
    """Ann's is good; Bob's was taken back, Eve's has expired; nobody was ever given the wrong one."""
    web = f"web={world.target().serve(echo).port}"
    flags = [flag for guest in GUESTS for flag in ("--ticket", guest)]
    share = world.start("share", web, *flags, *router.flags)
    good, revoked, expired = (
        str(share.wait_event("sharing", guest=guest)["ticket"]) for guest in GUESTS
    )
    keyring = world.folder / ".config/mindmeld/keyring"
    text = re.sub("ticket web bob .*\n", "", keyring.read_text(encoding="ascii"))
    text = re.sub(r"(ticket web eve \d+) \d+", r"\1 1000", text)
    written(keyring.with_suffix(".new"), text, 0o600).rename(keyring)
    assert text.count("\nticket web") == 2 and " 1000 " in text
    share.wait_line("keyring.changed")
    secret = good.rpartition("#")[2]
    wrong = good.replace(secret, ("B" if secret[0] == "A" else "A") + secret[1:])
    return {"good": good, "wrong": wrong, "revoked": revoked, "expired": expired}


class Way:
    """How connect is told a ticket."""

    def __init__(self, world: World, name: str, good: str) -> None:
        self._world = world
        self._name = name
        self._good = good

    def arguments(self, ticket: str) -> dict[str, Any]:
        """What starts it, for World.start() and, where it ends by itself, for World.run()."""
        folder = self._world.folder
        file = str(written(folder / f"ticket-{len(os.listdir(folder))}", ticket + "\n", 0o600))
        extra = self._world.another_user()
        if self._name == "argument":
            return {"arguments": [f"{ticket}=0"], "extra": extra}
        if self._name == "flag":
            return {"arguments": ["web=0", "--ticket-file", file], "extra": extra}
        if self._name == "variable":
            return {"arguments": ["web=0"], "extra": extra | {"MINDMELD_TICKET_FILE": file}}
        if self._name == "standard input":
            within = ("sh", "-c", f'exec "$@" < {file}', "sh")
            arguments = ["web=0", "--ticket-file", "-"]
            return {"arguments": arguments, "extra": extra, "within": within}
        services = {"connect": {"web": {"ticket_file": file, "listen": 0}}}
        config = written(Path(file + ".json"), json.dumps(services), 0o644)
        return {"arguments": ["--config", str(config)], "extra": extra}

    def start(self, ticket: str, **options: Any) -> Program:
        """A connect that was told this ticket."""
        if self._name == "terminal":
            return self._typed(ticket, **options)
        given = (self._kept(ticket) if self._name == "keyring" else self.arguments(ticket)) | options
        return self._world.start("connect", *given.pop("arguments"), **given)

    def _kept(self, ticket: str) -> dict[str, Any]:
        """The keyring has kept a ticket after its first use; now it holds this one there."""
        extra = self._world.another_user()
        first = self._world.start("connect", f"{self._good}=0", extra=extra)
        ping(self._world.dial(listening(first, "web")))
        keyring = Path(extra["MINDMELD_KEYRING"])
        first.until(lambda: self._good in keyring.read_text(encoding="ascii"), "it is kept")
        text = keyring.read_text(encoding="ascii").replace(self._good, ticket)
        written(keyring, text, 0o600)
        return {"arguments": ["web=0"], "extra": extra}

    def _typed(self, ticket: str, **options: Any) -> Program:
        """A terminal is asked."""
        terminal, theirs = pty.openpty()
        self._world.owned(os.fdopen(terminal, "wb", buffering=0))
        connect = self._world.start(
            *("connect", "web=0", "--ticket-file", "-"),
            extra=self._world.another_user(),
            stdin=theirs,
            **options,
        )
        os.close(theirs)
        connect.until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, "it asks")
        os.write(terminal, ticket.encode("ascii") + b"\n")
        return connect


@pytest.mark.parametrize(
    "name",
    ["argument", "flag", "variable", "standard input", "configuration", "terminal", "keyring"],
)
def test_a_ticket_opens_in_every_way_to_give_one_and_nothing_else_does(
    world: World, tickets: dict[str, str], name: str
) -> None:
    way = Way(world, name, tickets["good"])
    ping(world.dial(listening(way.start(tickets["good"]), "web")))
    for kind in ("wrong", "revoked", "expired"):
        refused = way.start(tickets[kind])
        assert dial_and_drain(listening(refused, "web")).end == RESET, kind
        refused.wait_line("this ticket does not open .web., or not any more: ask for a new one")
    for text in ("", NOT_WHOLE):
        if text or name != "argument":
            refused = way.start(text, expected_exit=2)
            refused.wait_line("is empty|not whole|is not a keyring")
            refused.wait_exit()


def test_a_terminal_is_asked_for_the_ticket_and_does_not_show_it(
    world: World, router: Router
) -> None:
    share = world.start("share", "web=1", *router.flags)
    ticket = str(share.wait_event("sharing")["ticket"])
    terminal, theirs = pty.openpty()
    environment = world.environment(world.another_user())
    command = [BINARY, "connect", "web=0", "--ticket-file", "-", "--json"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment
    ) as connect:
        os.close(theirs)
        shown = b""
        while b"ticket: " not in shown:
            shown += os.read(terminal, 1_000)
        os.write(terminal, ticket.encode() + b"\n")
        assert connect.stdout is not None
        assert any(b'"listening","service":"web"' in line for line in connect.stdout)
        shown += os.read(terminal, 10_000)
        connect.terminate()
    os.close(terminal)
    assert ticket.partition("#")[2].encode() not in shown


def test_ctrl_c_ends_what_asks_for_a_ticket(world: World) -> None:
    for _ in range(20):  # at once, when it may not have begun to read
        terminal = world.at_terminal("connect", "--ticket-file", "-")
        terminal.read_until("ticket: ")
        terminal.type("\x03")
        assert terminal.wait_exit(10) == 130


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "empty"),
        ("hello", "not whole"),
        ("https://h/web#short", "not whole"),
        ("https://h/WEB#" + "A" * 43, "cannot be a service's name"),
    ],
)
def test_what_is_no_ticket_is_refused_in_one_line(world: World, text: str, words: str) -> None:
    file = world.folder / "ticket"
    file.write_text(text, encoding="ascii")
    world.run("connect", "--ticket-file", str(file)).expect_refusal(2, words)
    if text.startswith("https"):
        world.run("connect", text).expect_refusal(2, words)


def test_a_mindmeld_json_of_somebody_elses_cannot_name_a_ticket_file(world: World) -> None:
    folder = world.folder / "cloned"
    folder.mkdir()
    hostile = '{"connect": {"web": {"ticket_file": "/etc/passwd", "listen": 0}}}'
    (folder / "mindmeld.json").write_text(hostile, encoding="ascii")
    world.run("connect", folder=folder).expect_refusal(2, "ticket_file", "somebody else's")
