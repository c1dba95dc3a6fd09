# SPDX-License-Identifier: MIT
"""A laptop whose lid is closed for longer than anybody waits for a sign of it, in the real time."""
from __future__ import annotations

import signal

import pytest
from harness.chaos import DOWN, UP
from harness.daemons import PostgresServer
from harness.download import Download
from harness.forward import Forward, Server
from harness.streams import Payload
from harness.terminal import Terminal
from harness.web import WebServer
from harness.world import World

PAYLOAD = Payload(64 << 20)  # more than is on its way at any time
ASLEEP_S = 90.0  # at most: after 45 s of silence an end is taken for lost
IN_TRANSACTION = "postgres=*# "


class Psql:
    """Somebody at a psql, in the middle of a transaction."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        where = f"host={host} port={port} user=postgres"
        flags = ["--no-psqlrc", "--no-readline", "--pset=pager=off", "--no-align", "--tuples-only"]
        self._terminal = Terminal(["psql", *flags, where])
        self._terminal.read_until("postgres=# ")
        assert self._ask("BEGIN;") == "BEGIN"
        assert self._ask("CREATE TEMP TABLE notes (text text);") == "CREATE TABLE"
        assert self._ask("INSERT INTO notes VALUES ('kept');") == "INSERT 0 1"
        self._number = self._ask("SELECT txid_current();")

    def type_on(self) -> None:
        """One more question, to be answered when it can be."""
        self._terminal.type("SELECT text FROM notes;\n")

    def expect_all_as_it_was(self) -> None:
        """The answer comes; it is the same session, with what it made and did not commit."""
        assert self._answer() == "kept"
        assert self._ask("SELECT txid_current();") == self._number
        self._terminal.type("COMMIT;\n")
        assert self._answer("postgres=# ") == "COMMIT"

    def close(self) -> None:
        """The window is closed."""
        self._terminal.close()

    def _ask(self, statement: str) -> str:
        self._terminal.type(f"{statement}\n")
        return self._answer()

    def _answer(self, prompt: str = IN_TRANSACTION) -> str:
        _, *lines, _ = self._terminal.read_until(prompt).splitlines()  # first, what was typed
        return "\n".join(lines)


class Laptop:
    """One end of a forward, and who works by way of it."""

    def __init__(self, world: World, server: Server, whose: str) -> None:
        self.forward = Forward(world, server)
        ends = [(self.forward.share, self.forward.share_link)]
        ends.append((self.forward.connect, self.forward.connect_link))
        (self._end, self._link), (self._other, _) = ends if whose == "share" else ends[::-1]

    def close_lid(self) -> None:
        """Neither it nor its network says a word."""
        self._end.send_signal(signal.SIGSTOP)
        self._link.black_hole(UP, DOWN)

    def wait_given_up(self) -> None:
        """Until the other end takes the way to it for lost."""
        self._other.wait_line("tunnel.lost", ASLEEP_S)

    def open_lid(self) -> None:
        """All that it had open at the network was forgotten there."""
        self._link.black_hole()
        self._link.cut()
        self._end.send_signal(signal.SIGCONT)


@pytest.mark.timeout_s(180)
def test_psql_and_a_download_go_on_after_a_lid_was_closed_for_long(world: World) -> None:
    postgres, web = world.owned(PostgresServer()), world.owned(WebServer(PAYLOAD))
    laptops, sessions, downloads = [], [], []
    for whose in ("share", "connect"):
        laptops += [Laptop(world, postgres, whose), Laptop(world, web, whose)]
        sessions.append(world.owned(Psql(laptops[-2].forward.address)))
        downloads.append(world.owned(Download(laptops[-1].forward.address, PAYLOAD)))
        downloads[-1].expect_beginning()
    for laptop in laptops:
        laptop.close_lid()
    for session in sessions:
        session.type_on()
    for laptop in laptops:
        laptop.wait_given_up()
    for laptop in laptops:
        laptop.open_lid()
    for session in sessions:
        session.expect_all_as_it_was()
    for download in downloads:
        download.expect_rest()
