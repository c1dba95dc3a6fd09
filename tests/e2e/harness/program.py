# SPDX-License-Identifier: MIT
"""Program: one running mindmeld process, with its events, its standard error and its end.

Made by World. It never sleeps: it waits for an event, a line or the exit, each with a deadline.
"""
from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

Event = dict[str, Any]

# What no mindmeld process may ever write: its own check failing, a sanitizer's report, the C++
# runtime's last words, or a line of gRPC's own ("E1122 10:11:12.131415 …").
CRASH = re.compile(
    r"mindmeld: bug:|Sanitizer|runtime error:|terminate called|core dumped|what\(\):"
    r"|^\s*#\d+ 0x|^[DIWEF]\d{4} \d\d:\d\d:",
    re.MULTILINE,
)


# What opens something: a pass, a ticket's fragment or a proof (32 bytes in base64url), a token or a
# key (in hex), a platform's identity token (a JWT: its first part begins with '{"', RFC 7519).
SECRET = re.compile(
    r"(?<![\w-])(mm_[\w.-]+_)?[\w-]{43}(?![\w-])|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"
    r"|(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"
)
# Where one is meant to be seen: a share's tickets, a new pass. In the events, and for people.
SHOWS_ONE = re.compile(r""" runs: mindmeld connect '|^\{"event":"(sharing|pass)",""")


def assert_no_secret(text: str) -> None:
    """No line shows a secret, on standard error at whatever level it logs, and in no other event."""
    for line in text.splitlines():
        if SHOWS_ONE.search(line) is None:
            assert SECRET.search(line) is None, f"this shows a secret: {line}"


def assert_no_crash(text: str) -> None:
    """Standard error holds nothing that only a fault of our own would write there."""
    found = CRASH.search(text)
    assert found is None, f"standard error has {found.group()!r}:\n{text}"


class Program:
    """One mindmeld process that was started with --json."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        expected_exit: int = 0,
        stdin: int = subprocess.DEVNULL,
        stderr: IO[bytes] | int = subprocess.PIPE,
    ) -> None:
        self.expected_exit = expected_exit
        self._process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            cwd=folder,
        )
        self._command = " ".join(command)
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._foreign_lines: list[str] = []
        self._stdout: list[str] = []
        self._stderr: list[str] = []
        self._open_pipes = 2
        self._readers = [
            self._reader(self._process.stdout, self._on_stdout),
            self._reader(self._process.stderr, self._stderr.append),
        ]

    # ---- what it says

    def wait_event(
        self,
        kind: str,
        *,
        timeout_s: float = 10.0,
        where: Callable[[Event], bool] | None = None,
        **values: object,
    ) -> Event:
        """The oldest event of this kind with these values that was not yet taken; takes it."""

        def take() -> Event | None:
            for index, event in enumerate(self._events):
                same = all(event.get(key) == value for key, value in values.items())
                if event.get("event") == kind and same and (where is None or where(event)):
                    return self._events.pop(index)
            return None

        event: Event = self._wait(take, f"event {kind} {values or ''}", timeout_s)
        return event

    def wait_line(self, pattern: str, timeout_s: float = 10.0) -> str:
        """The first line on standard error in which `pattern` is found."""

        def find() -> str | None:
            return next((line for line in self._stderr if re.search(pattern, line)), None)

        line: str = self._wait(find, f"a line like {pattern!r}", timeout_s)
        return line

    def has_said(self, text: str) -> bool:
        """Is it in standard error so far?"""
        return text in self.stderr_text()

    def stderr_text(self) -> str:
        """Standard error so far."""
        with self._changed:
            return "".join(self._stderr)

    def events_left(self) -> list[Event]:
        """The events so far that nobody took."""
        with self._changed:
            return list(self._events)

    # ---- its end

    def send_signal(self, number: signal.Signals) -> None:
        """As `kill` does; harmless once the process has ended."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: the test says that this process dies without a word."""
        self.expected_exit = -signal.SIGKILL
        self._process.kill()
        self._process.wait()

    def is_running(self) -> bool:
        """Has it not ended yet?"""
        return self._process.poll() is None

    def wait_exit(self, timeout_s: float = 10.0) -> int:
        """The exit code, within the time; else the test fails."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s} s: {self.describe()}") from None

    def end(self, timeout_s: float = 12.0) -> None:
        """Waits for the exit and looks at how it ended: the expected code and no crash."""
        try:
            code = self.wait_exit(timeout_s)
        except AssertionError:
            self._process.kill()
            self._process.wait()
            raise
        for reader in self._readers:
            reader.join()
        assert code == self.expected_exit, f"exit code {code}: {self.describe()}"
        assert not self._foreign_lines, f"not JSON: {self._foreign_lines} {self.describe()}"
        assert_no_crash(self.stderr_text())
        assert_no_secret(self.stderr_text())
        assert_no_secret("".join(self._stdout))

    # ---- what the kernel says of it

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def descriptors(self) -> int:
        """How many file descriptors it holds."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_kib(self) -> int:
        """The memory that it holds now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found.group(1)) if found else 0  # a zombie has none

    def until(self, condition: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
        """Waits for a state that nobody announces (/proc, the router's list), 20 ms a look.

        A process that ended changes no more, so its exit ends the wait.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            try:
                self._process.wait(0.02)
                assert condition(), f"{what}: {self.describe()}"
                return
            except subprocess.TimeoutExpired:
                assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s"

    def describe(self) -> str:
        """Everything that is known, for the message of a failure."""
        state = self._process.poll()
        with self._changed:
            said = "".join(f"    {event}\n" for event in self._events)
            stderr = "".join(f"    {line}" for line in self._stderr[-200:])
        return f"{self._command} [exit {state}]\n  events left:\n{said}  stderr:\n{stderr}"

    # ---- private

    def _reader(self, pipe: IO[bytes] | None, take: Callable[[str], None]) -> threading.Thread:
        def read() -> None:
            for line in pipe or ():
                with self._changed:
                    take(line.decode("utf-8", errors="replace"))
                    self._changed.notify_all()
            with self._changed:
                self._open_pipes -= 1
                self._changed.notify_all()

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def _on_stdout(self, line: str) -> None:
        self._stdout.append(line)
        try:
            self._events.append(json.loads(line))
        except ValueError:
            self._foreign_lines.append(line)

    def _wait(self, find: Callable[[], Any], what: str, timeout_s: float) -> Any:
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                found = find()
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or self._open_pipes == 0:
                    break
                self._changed.wait(left)
        raise AssertionError(f"no {what} within {timeout_s} s: {self.describe()}")
