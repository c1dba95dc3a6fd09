# SPDX-License-Identifier: MIT
"""World: everything that one test starts. It ends all of it, and looks at how it ended.

With MINDMELD_E2E_DIRECT=1 a chain is no chain: its address is the target's own. Plain TCP is what
mindmeld promises to be like, so the tests of closing and of transfers must pass there too.
"""
from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from harness import streams
from harness.certificates import Certificates
from harness.program import Program, assert_no_crash, assert_no_secret
from harness.secrets import assert_none_of, secrets_in
from harness.target import BlackHole, DeadAddress, Target
from harness.terminal import Terminal

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = str(Path(os.environ.get("MINDMELD_BINARY", REPOSITORY / "build" / "mindmeld")).absolute())
IS_DIRECT = os.environ.get("MINDMELD_E2E_DIRECT") == "1"
USER = pwd.getpwuid(os.getuid()).pw_name

P = ParamSpec("P")
T = TypeVar("T")


def is_static(binary: str) -> bool:
    """Is it without libraries, so that nothing comes between it and the kernel?"""
    return subprocess.run(["ldd", binary], check=False, capture_output=True).returncode != 0


@dataclass(frozen=True)
class Router:
    """A router that listens, and the flags with which share, connect and list find it."""

    program: Program
    address: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Finished:
    """A command that ended by itself."""

    code: int
    stdout: str
    stderr: str

    def expect_refusal(self, code: int, *words: str) -> None:
        """It failed as promised: this exit code, and one line on standard error with `words`."""
        assert_no_crash(self.stderr)
        lines = self.stderr.splitlines()
        assert self.code == code, f"exit code {self.code}, not {code}: {self}"
        assert len(lines) == 1, f"not one line: {self}"
        assert lines[0].startswith("mindmeld: "), lines[0]
        for word in words:
            assert word.lower() in lines[0].lower(), f"{word!r} is not in: {lines[0]}"


@dataclass(frozen=True)
class Chain:
    """A router, a share and a connect in a row; `address` leads to the target."""

    address: str
    router: Router | None = None
    share: Program | None = None
    connect: Program | None = None

    @property
    def programs(self) -> list[Program]:
        """The three processes; none where the chain is direct."""
        if self.router is None or self.share is None or self.connect is None:
            return []
        return [self.router.program, self.share, self.connect]

    def expect_closed(self, timeout_s: float = 5.0, **values: Any) -> None:
        """Both ends say that a connection closed, with these values."""
        for program in self.programs[1:]:
            program.wait_event("connection", state="closed", timeout_s=timeout_s, **values)


class World:
    """Starts programs, targets and connections, and is closed at the end of the test."""

    def __init__(self, folder: Path, certificates: Certificates | None = None) -> None:
        self.folder = folder
        self._certificates = certificates
        self._programs: list[Program] = []
        self._closers: list[Callable[[], None]] = []
        self._threads = ThreadPoolExecutor(max_workers=8)
        self._users = 0
        self._said: list[str] = []  # what commands that ended by themselves said
        self._everywhere: dict[str, str] = {}

    # ---- servers and applications

    def target(self, place: str = "127.0.0.1", receive_buffer_bytes: int | None = None) -> Target:
        """A server; see Target."""
        return self.owned(Target(place, receive_buffer_bytes))

    def black_hole(self) -> BlackHole:
        """An address that never answers."""
        return self.owned(BlackHole())

    def dead_address(self) -> DeadAddress:
        """An address that refuses."""
        return self.owned(DeadAddress())

    def dial(self, address: str, receive_buffer_bytes: int | None = None) -> socket.socket:
        """A connection; closed at the end."""
        return self.owned(streams.dial(address, receive_buffer_bytes=receive_buffer_bytes))

    def background(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
        """Runs `work` beside the test; ask the result for what it returned or raised."""
        return self._threads.submit(work, *arguments, **named)

    def owned(self, thing: T) -> T:
        """Calls thing.close() at the end."""
        self._closers.append(thing.close)  # type: ignore[attr-defined]
        return thing

    # ---- mindmeld

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The test's own, without anything that this machine's user has set up for mindmeld."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MINDMELD_", "XDG_"))}
        home = str(self.folder)
        own = {"HOME": home, "USER": USER, "LOGNAME": USER}
        return kept | own | self._everywhere | dict(extra or {})

    def without_encryption(self) -> None:
        """What is started from now on does not encrypt end to end."""
        self._everywhere["MINDMELD_NO_E2E"] = "true"

    def another_user(self) -> dict[str, str]:
        """What makes a command another user's than all others: a keyring of its own."""
        self._users += 1
        return {"MINDMELD_KEYRING": str(self.folder / f"keyring-{self._users}")}

    def start(
        self,
        *arguments: str,
        expected_exit: int = 0,
        within: tuple[str, ...] = (),
        binary: str = BINARY,
        **options: Any,
    ) -> Program:
        """A command that runs until the end of the test, or ends by itself with `expected_exit`.
        `within`: a command that runs it, and becomes it; `binary`: the program's name there."""
        environment = self.environment({"MINDMELD_LOG": "trace"} | options.pop("extra", {}))
        program = Program(
            [*within, binary, *arguments, "--json"],
            environment=environment,
            folder=self.folder,
            expected_exit=expected_exit,
            **options,
        )
        self._programs.append(program)
        return program

    def at_terminal(
        self, *arguments: str, within: tuple[str, ...] = (), **variables: str
    ) -> Terminal:
        """A command before which somebody sits. `within`: a shell that runs it there."""
        environment = self.environment({"TERM": "xterm", "LANG": "C.UTF-8"} | variables)
        command = ("setsid", "--ctty", *within, BINARY, *arguments)
        return self.owned(Terminal(command, environment))

    def services(self, router: Router) -> list[dict[str, Any]]:
        """The services that the router knows."""
        listed = self.run("list", "--json", *router.flags)
        services: list[dict[str, Any]] = json.loads(listed.stdout)["services"]
        return services

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        folder: Path | None = None,
        timeout_s: float = 20.0,
    ) -> Finished:
        """Runs a command that ends by itself, as a person would: no --json, no log."""
        done = subprocess.run(
            [BINARY, *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment(extra),
            cwd=folder or self.folder,
            timeout=timeout_s,
            check=False,
        )
        stdout = done.stdout.decode("utf-8", errors="replace")
        stderr = done.stderr.decode("utf-8", errors="replace")
        assert_no_secret(stderr)
        self._said.append(stderr)
        for line in stdout.splitlines():  # data, where it is connected to that
            if line.startswith('{"event":'):
                assert_no_secret(line)
        return Finished(done.returncode, stdout, stderr)

    def router(
        self, *flags: str, tls: bool = False, listen: str = "127.0.0.1:0", **options: Any
    ) -> Router:
        """A router that listens."""
        client_flags: tuple[str, ...] = ()
        if tls:
            assert self._certificates is not None
            flags += ("--tls-cert", str(self._certificates.certificate))
            flags += ("--tls-key", str(self._certificates.key))
            client_flags = ("--ca", str(self._certificates.authority))
        program = self.start("router", "--listen", listen, *flags, **options)
        address = program.wait_event("listening")["address"]
        url = f"{'https' if tls else 'http'}://{address}"
        return Router(program, address, ("--router", url, *client_flags))

    def share(
        self, router: Router, *services: str, flags: tuple[str, ...] = (), **options: Any
    ) -> Program:
        """A share whose services, each NAME=TARGET, the router holds."""
        program = self.start("share", *services, *flags, *router.flags, **options)
        for service in services:
            program.wait_event("sharing", name=service.partition("=")[0])
        return program

    def connect(self, router: Router, *services: str, **options: Any) -> Program:
        """A connect that may not listen yet; see listening()."""
        return self.start("connect", *services, *router.flags, **options)

    def chain(
        self,
        target: str,
        *,
        tls: bool = False,
        share_flags: tuple[str, ...] = (),
        connect_flags: tuple[str, ...] = (),
    ) -> Chain:
        """From an address of its own to `target`, through all three processes."""
        if IS_DIRECT:
            return Chain(target)
        router = self.router(tls=tls)
        share = self.share(router, f"web={target}", flags=share_flags)
        connect = self.connect(router, "web=0", *connect_flags)
        return Chain(listening(connect, "web"), router, share, connect)

    # ---- the end

    def describe(self) -> str:
        """What every process said, for the report of a failure."""
        return "\n".join(program.describe() for program in reversed(self._programs))

    def close(self) -> None:
        """Closes every socket, ends every program in order, and looks at how each ended."""
        for close in reversed(self._closers):
            close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for program in reversed(self._programs):
            if program.is_running():
                program.send_signal(signal.SIGTERM)
                program.send_signal(signal.SIGCONT)  # a test may have stopped it
        failures: list[str] = []
        for program in reversed(self._programs):
            try:
                program.end()
            except AssertionError as failure:
                failures.append(str(failure))
        assert not failures, "\n".join(failures)
        said = [program.stderr_text() for program in self._programs]
        assert_none_of(secrets_in(self.folder), [*said, *self._said])


def listening(connect: Program, service: str, host: str = "127.0.0.1") -> str:
    """The address on `host`, or the unix path, at which a connect opened this service; waits."""
    starts = (f"{host}:", f"[{host}]:", "unix:")
    event = connect.wait_event(
        "listening",
        service=service,
        where=lambda event: str(event["address"]).startswith(starts),
    )
    return str(event["address"])
