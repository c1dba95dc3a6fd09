# SPDX-License-Identifier: MIT
"""A long line (link.cc) between two network namespaces, and how much passes through it.

The router and connect are at the near end, share and the target at the far end: all that passes
goes over the line once, as it does over one direct TCP connection.
"""
from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import load
from chains import READY_WITHIN_S, Chain, LeftOut, Starter
from harness.world import BINARY, REPOSITORY, World
from load import Target
from results import Results

LINK = REPOSITORY / "build" / "tests" / "bench_link"
ROUND_TRIPS_MS = (50, 100, 200)
MBIT_PER_S = 1000
BULK_S = 5.0  # at 200 ms TCP needs one to reach its speed
ROUNDS_MOST = 2
# Linux lets TCP have 4 MiB on their way, which is a fifth of what this line holds at 200 ms. With
# more of them a direct connection is limited by the line, and the others by that or by themselves.
LARGE = {"tcp_wmem": "4096 16384 67108864", "tcp_rmem": "4096 131072 67108864"}
BUFFERS: dict[str, dict[str, str]] = {"": {}, ", 64 MiB TCP buffers": LARGE}
NEAR, FAR = "10.77.1.1", "10.77.1.2"
ROUTER = f"{NEAR}:6353"


class Holder:
    """A process that ends with its standard input, and by its first line says that it works."""

    def __init__(self, *command: str, greeting: bytes = b"") -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        assert self._process.stdin and self._process.stdout
        self.pid = self._process.pid
        with suppress(BrokenPipeError):
            self._process.stdin.write(greeting)
            self._process.stdin.flush()
        if not self._process.stdout.readline():
            why = self._process.communicate()[1].decode().strip()
            raise LeftOut(f"this machine refuses {' '.join(command[:3])}: {why}")

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


class Line:
    """Two namespaces with a line between them. `near`, `far`: commands that run another there."""

    def __init__(self, stack: ExitStack, round_trip_ms: int, settings: Mapping[str, str]) -> None:
        cat = {"greeting": b"ready\n"}
        user, net = "--user", "--net"
        first = Holder("unshare", user, net, "--map-root-user", "cat", **cat)
        stack.enter_context(closing(first))
        enter = ("nsenter", "--preserve-credentials", "--target")
        inside = (*enter, str(first.pid), user)
        second = stack.enter_context(closing(Holder(*inside, "unshare", net, "cat", **cat)))
        words = (str(first.pid), str(second.pid), str(round_trip_ms), str(MBIT_PER_S))
        stack.enter_context(closing(Holder(*inside, str(LINK), *words)))
        self.near = (*inside, net)
        self.far = (*enter, str(second.pid), user, net)
        for within, own, other in ((self.near, NEAR, FAR), (self.far, FAR, NEAR)):
            ip = (*within, "ip")
            subprocess.run([*ip, "link", "set", "lo", "up"], check=True)
            there = ("address", "add", own, "peer", other, "dev", "line")
            subprocess.run([*ip, *there], check=True)
            subprocess.run([*ip, "link", "set", "line", "up"], check=True)
            for name, value in settings.items():
                write = ("tee", f"/proc/sys/net/ipv4/{name}")
                subprocess.run(
                    [*within, *write], input=value.encode(), check=True, stdout=subprocess.DEVNULL
                )


def run(chains: list[str], rounds: int, results: Results) -> None:
    """The row of each length of the line."""
    for round_trip_ms in ROUND_TRIPS_MS:
        for suffix, settings in BUFFERS.items():
            with ExitStack() as stack:
                line = Line(stack, round_trip_ms, settings)
                where = f"over {round_trip_ms} ms{suffix}"
                measure(stack, line, where, chains, min(rounds, ROUNDS_MOST), results)


def measure(
    stack: ExitStack, line: Line, where: str, chains: list[str], rounds: int, results: Results
) -> None:
    """One line, with its target and its chains."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    world = stack.enter_context(closing(World(folder)))
    target = world.owned(Target(folder, FAR, line.far))
    addresses = {"direct": target.address}
    router = (BINARY, "router", "--listen", ROUTER, "--allow-anonymous", "--plaintext", "--quiet")
    Starter(world, Chain("", "", "", "")).start("router", *line.near, *router)
    for port, (name, flags) in enumerate((("mindmeld", ()), ("plain", ("--no-e2e",))), 7000):
        if name in chains:
            addresses[name] = f"127.0.0.1:{port}"
            start(world, line, f"{name}={target.address}", addresses[name], flags)
    for address in addresses.values():
        wait_for_echo(address, line)
    for _ in range(rounds):
        for name, address in addresses.items():
            for direction in ("up", "down"):
                got = load.bulk(address, target, direction, seconds=BULK_S, within=line.near)
                results.add(name, {f"bulk {direction} {where}, MB/s": got["mb_per_s"]})


def start(world: World, line: Line, service: str, address: str, flags: Sequence[str]) -> None:
    """A share at the far end and a connect at the near one."""
    starter = Starter(world, Chain("", "", "", ""))
    by = ("--router", f"http://{ROUTER}", "--quiet", "--plaintext", *flags)
    starter.start("share", *line.far, BINARY, "share", service, *by)
    listener = f"{service.partition('=')[0]}={address}"
    starter.start("connect", *line.near, BINARY, "connect", listener, *by)


def wait_for_echo(address: str, line: Line) -> None:
    """Until the chain leads to its target."""
    deadline = time.monotonic() + READY_WITHIN_S
    while load.openings(address, seconds=0.01, at_once=1, within=line.near)["per_s"] == 0:
        if time.monotonic() > deadline:
            raise LeftOut(f"{address} leads nowhere")
