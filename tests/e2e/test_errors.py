# SPDX-License-Identifier: MIT
"""What people read when something fails: errors.txt says each text and its exit code, and why."""
from __future__ import annotations

import functools
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from harness.certificates import Certificates, make_certificates
from harness.front_end import FrontEnd
from harness.people import People
from harness.streams import Payload
from harness.web import WebServer
from harness.world import BINARY, REPOSITORY, World

pytestmark = pytest.mark.needs_binary

TABLE = Path(__file__).with_name("errors.txt")
PLACE = re.compile(r"\$([A-Z][A-Z0-9]*)")
PATIENCE_S = 15
# What no command line was found for: a library might say it one day.
UNREACHABLE = {"binary data is not JSON", "the command line cannot be read: "}


@dataclass
class Row:
    """A command line, and all that it says before it ends; a running one's ends with `&`."""

    command: str
    lines: list[str] = field(default_factory=list)
    code: int | None = None  # nothing: it runs on


def read_table() -> Iterator[Row]:
    """As the head of the file says."""
    row = None
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("$ "):
            row = Row(line[2:])
        elif row is not None and re.fullmatch(r"\[\d+\]", line):
            row.code = int(line[1:-1])
        elif row is not None and line:
            row.lines.append(line)
        elif row is not None:
            yield row
            row = None


ROWS = list(read_table())
FINAL = [row for row in ROWS if row.code is not None]
RUNNING = [row for row in ROWS if row.code is None]


class Places:
    """What the names in the table stand for; each is made when a row first names it."""

    def __init__(self, world: World, certificates: Certificates) -> None:
        self._world = world
        self._certificates = certificates
        self._people: People | None = None
        self._made = {"HOME": str(world.folder)}
        self._makers: dict[str, Callable[[], str]] = {
            "ROUTER": lambda: world.router().address,
            "SHARED": self._shared,
            "GUARDED": self._guarded,
            "PASS": lambda: self._made["GUARDED"] and str(world.folder / "pass"),
            "TLS": lambda: world.router(tls=True).address,
            "EXPIRED": self._expired,
            "HTTP1": self._http1,
            "WEB": lambda: world.owned(WebServer(Payload(0))).address,
            "DEAD": lambda: world.dead_address().address,
            "TARGET": lambda: world.target().address,
            "CA": lambda: str(certificates.authority),
            "CERT": lambda: str(certificates.certificate),
            "KEY": lambda: str(certificates.key),
        }

    def of(self, row: Row) -> dict[str, str]:
        """Those that the row names."""
        for name in PLACE.findall(" ".join([row.command, *row.lines])):
            if name not in self._made:
                self._made[name] = self._makers[name]()
        return self._made

    def filled(self, text: str) -> str:
        """The text with what its names stand for."""
        return PLACE.sub(lambda found: self._made[found[1]], text)

    def _shared(self) -> str:
        """A router where somebody else shares web."""
        router = self._world.router()
        self._world.share(router, "web=3000", extra=self._world.another_user())
        return router.address

    def _guarded(self) -> str:
        """A router that lets in ann alone, who may list; $PASS is hers."""
        people = People(self._world)
        own = people.add("ann", verbs=["list"])
        path = self._world.folder / "pass"
        path.write_text(own + "\n", encoding="ascii")
        path.chmod(0o600)
        return self._world.router(*people.flags).address

    def _expired(self) -> str:
        folder = self._world.folder / "expired"
        folder.mkdir()
        old = make_certificates(folder, expired=True)
        flags = ("--tls-cert", str(old.certificate), "--tls-key", str(old.key))
        self._made["CA"] = str(old.authority)
        return self._world.router(*flags).address

    def _http1(self) -> str:
        """A front end that knows HTTP/1.1 alone."""
        folder = self._world.folder / "nginx"
        front_end = FrontEnd(folder, self._certificates, "127.0.0.1:1", 60, http2=False)
        return self._world.owned(front_end).flags[1].removeprefix("https://")


@pytest.fixture
def places(world: World, certificates: Certificates) -> Places:
    """For one row."""
    return Places(world, certificates)


def pattern_of(line: str) -> str:
    """… stands for what no two runs have alike."""
    return "^" + re.escape(line).replace("…", ".+") + "$"


@functools.cache
def may_unshare() -> bool:
    """Does this machine let this user be root of a namespace, and be less there?"""
    within = ["unshare", "--map-root-user", "--net", "setpriv", "--bounding-set", "-dac_override"]
    return subprocess.run([*within, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("row", FINAL, ids=lambda row: row.command[:90])
def test_an_error_says_what_to_do(world: World, places: Places, row: Row) -> None:
    if "unshare" in row.command and not may_unshare():
        pytest.skip("this machine allows no namespaces")
    named = places.of(row)
    commands = world.folder / "bin"
    commands.mkdir()
    (commands / "mindmeld").symlink_to(BINARY)
    environment = world.environment(named)
    done = subprocess.run(
        ["/bin/sh", "-c", row.command],
        env=environment | {"PATH": f"{commands}:{environment['PATH']}"},
        cwd=world.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=False,
    )
    said = done.stderr.decode("utf-8")
    expected = "".join(places.filled(line) + "\n" for line in row.lines)
    assert re.fullmatch(pattern_of(expected), said), f"it says:\n{said}and not:\n{expected}"
    assert done.returncode == row.code


@pytest.mark.parametrize("row", RUNNING, ids=lambda row: row.command[:90])
def test_a_command_that_runs_on_says_what_it_waits_for(
    world: World, places: Places, row: Row
) -> None:
    places.of(row)
    before, _, command = places.filled(row.command.removesuffix(" &")).rpartition("; ")
    subprocess.run(["/bin/sh", "-c", before], cwd=world.folder, check=True)
    program = world.start(*shlex.split(command)[1:])
    for line in row.lines:
        program.wait_line(pattern_of(places.filled(line)))


def usage_texts() -> Iterator[str]:
    """Of each usage error in the source its longest literal."""
    for file in sorted([*REPOSITORY.glob("src/config/*.cc"), *REPOSITORY.glob("src/cli/*.cc")]):
        source = re.sub(r'"\s+"', "", file.read_text("utf-8"))  # one literal on several lines
        for call in re.findall(r"\b(?:usage_error|fail)\((.+?)\);", source, re.DOTALL):
            literals = re.findall(r'"((?:[^"\\]|\\.)*)"', call)
            if literals:
                yield max(literals, key=len).replace('\\"', '"')


def test_every_usage_error_has_a_row() -> None:
    said = "\n".join(line for row in FINAL for line in row.lines)
    assert {text for text in usage_texts() if text not in said} == UNREACHABLE


def test_every_exit_code_has_a_row() -> None:
    assert {row.code for row in FINAL} >= set(range(1, 9))
