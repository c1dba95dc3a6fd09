# SPDX-License-Identifier: MIT
"""The load program (load.cc): the target that chains lead to, and the clients that measure."""
from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.world import REPOSITORY

LOAD = REPOSITORY / "build" / "tests" / "bench_load"
PATIENCE_S = 60


class LoadFailed(Exception):
    """A client could not measure; the text says why."""


class Target:
    """The server behind a chain; `within` is a command that runs it in a network namespace."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", within: Sequence[str] = ()) -> None:
        self.tally = str(folder / "tally")
        self._process = subprocess.Popen(
            [*within, str(LOAD), "serve", host, self.tally],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.port: int = json.loads(self._process.stdout.readline())["port"]
        self.address = f"{host}:{self.port}"

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


class Held:
    """Idle connections, or with kind "source" stalled readers, that stay open until close()."""

    def __init__(self, address: str, count: int, kind: str = "echo") -> None:
        self._process = subprocess.Popen(
            [str(LOAD), "hold", address, str(count), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise LoadFailed(self._process.communicate()[1].decode().strip())
        self.opening_s: float = json.loads(line)["seconds"]

    def close(self) -> None:
        """Closes them."""
        self._process.communicate()


def bulk(
    address: str,
    target: Target,
    direction: str,
    *,
    seconds: float,
    connections: int = 1,
    within: Sequence[str] = (),
) -> dict[str, float]:
    """mb_per_s in the middle of it, and all bytes; both as the receiving side counts."""
    words = ["bulk", address, direction, str(connections), str(seconds), target.tally]
    return measure(words, within)


def ping(address: str, count: int) -> dict[str, float]:
    """p50_us and p99_us of a 64-byte round trip."""
    return measure(["ping", address, str(count)])


def openings(
    address: str, *, seconds: float, at_once: int = 16, within: Sequence[str] = ()
) -> dict[str, float]:
    """Connections per_s: connect, a byte each way, close; and how many failed."""
    return measure(["open", address, str(at_once), str(seconds)], within)


def mixed(address: str, target: Target, beside: str, *, seconds: float) -> dict[str, float]:
    """p50_us and p99_us of 20 ping-pong connections at once; `beside`: "bulk" or "alone"."""
    return measure(["mixed", address, "20", str(seconds), beside, target.tally])


def measure(words: Sequence[str], within: Sequence[str] = ()) -> dict[str, float]:
    """Runs a client to its end; what it printed."""
    command = [*within, str(LOAD), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"{words[0]} does not end through {words[1]}") from None
    if done.returncode != 0:
        raise LoadFailed(done.stderr.decode().strip())
    answer: dict[str, float] = json.loads(done.stdout)
    return answer
