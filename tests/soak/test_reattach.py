# SPDX-License-Identifier: MIT
"""Faults under load: how long nothing moves, what is sent again, and whether all come back."""
from __future__ import annotations

import hashlib
import resource
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from harness.chaos import UP
from harness.forward import Forward
from harness.many import expect_back_to
from harness.streams import Payload, Received, drain, finish, ping
from harness.target import echo
from harness.web import WebServer
from harness.world import Router, World, listening

MIB, GIB = 1 << 20, 1 << 30
AGAIN_BYTES_MOST = 16 * MIB  # half of a largest window
EVERY_S = 3.0
RATE_BYTES_PER_S = 24 << 20  # of the links, so that a GiB takes more than ten faults
BLOCK_BYTES = 256 << 10
SHARES, CONNECTIONS_EACH, RESTARTS = 200, 10, 3
REPLACEMENTS = 10


@pytest.fixture(autouse=True)
def many_descriptors() -> None:
    """2000 connections are 4000 sockets of this process alone."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Disturbance:
    """Does something again and again; when each time was over."""

    def __init__(self, disturb: Callable[[int], None]) -> None:
        self._disturb = disturb
        self._over = threading.Event()
        self.times: list[float] = []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.wait(EVERY_S):
            self._disturb(len(self.times))
            self.times.append(time.monotonic())

    def stop(self) -> None:
        """What it left is there to stay."""
        self._over.set()
        self._thread.join()


class Reader:
    """Remembers what came, and when."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size = 0
        self.times: list[float] = []

    def take(self, part: bytes) -> None:
        """The next bytes."""
        self.times.append(time.monotonic())
        self._digest.update(part)
        self.size += len(part)

    def sha256(self) -> str:
        """Of all of them."""
        return self._digest.hexdigest()

    def gaps_after(self, times: list[float]) -> list[float]:
        """How long after each nothing came."""
        later = [next((came for came in self.times if came >= time_s), None) for time_s in times]
        return [came - time_s for came, time_s in zip(later, times) if came is not None]


def kill_router(forward: Forward, _: int) -> None:
    """And start it again."""
    forward.restart_router()


def cut_links_in_turn(forward: Forward, turn: int) -> None:
    """Between share and router, and between connect and router."""
    (forward.share_link, forward.connect_link)[turn % 2].cut()


@pytest.mark.timeout_s(300)
@pytest.mark.parametrize("disturb", [kill_router, cut_links_in_turn])
@pytest.mark.parametrize("direction", ["download", "upload"])
def test_curl_moves_a_gib_while_something_goes_wrong_every_three_seconds(
    world: World, direction: str, disturb: Callable[[Forward, int], None]
) -> None:
    payload = Payload(GIB)
    web = world.owned(WebServer(payload))
    forward = Forward(world, web)
    for link in (forward.share_link, forward.connect_link):
        link.bytes_per_s = RATE_BYTES_PER_S
    reader = Reader()
    web.on_part = reader.take
    file = world.folder / "file"
    if direction == "upload":
        with file.open("wb") as written:
            for block in payload.blocks():
                written.write(block)
    what = ["-T", str(file)] if direction == "upload" else ["-N"]
    command = ["curl", "-sSf", *what, f"http://{forward.address}/file"]
    disturbance = Disturbance(lambda turn: disturb(forward, turn))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as curl:
        assert curl.stdout is not None and curl.stderr is not None
        if direction == "download":
            while part := curl.stdout.read(BLOCK_BYTES):
                reader.take(part)
        else:
            assert curl.stdout.read() == payload.sha256().encode()
        said = curl.stderr.read()
    disturbance.stop()
    assert (curl.returncode, said) == (0, b"")
    assert (reader.size, reader.sha256()) == (GIB, payload.sha256())
    gaps = reader.gaps_after(disturbance.times)
    sender_link = forward.connect_link if direction == "upload" else forward.share_link
    again = sender_link.carried[UP] - GIB
    print(f"\n{direction}, {disturb.__name__}: {len(gaps)} times, gap after each: median "
          f"{statistics.median(gaps):.3f} s, most {max(gaps):.3f} s; "
          f"{again / len(gaps) / MIB:.2f} MiB more than its size sent for each")
    assert len(gaps) >= 10
    assert statistics.median(gaps) < 1
    assert again <= GIB // 100 + len(disturbance.times) * AGAIN_BYTES_MOST


def times_of(router: Router, event: str) -> list[float]:
    """When the router logged it."""
    lines = router.program.stderr_text().splitlines()
    texts = [line.split(" ", 1)[0] for line in lines if f" {event} " in line]
    return [datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() for text in texts]


def spread(times: list[float]) -> float:
    """Seconds within which the middle eight tenths are."""
    tenths = statistics.quantiles(times, n=10)
    return tenths[-1] - tenths[0]


@pytest.mark.timeout_s(300)
def test_two_hundred_shares_and_two_thousand_connections_are_back_in_five_seconds(
    world: World, tmp_path: Path
) -> None:
    router = world.router()
    target = world.target().serve(echo)
    names = [f"s{i}" for i in range(SHARES)]
    shares = [world.share(router, f"{name}={target.address}") for name in names]
    connect = world.connect(router, *(f"{name}=unix:{tmp_path}/{name}" for name in names))
    clients = []
    for name in names:
        address = listening(connect, name)
        clients += [world.dial(address) for _ in range(CONNECTIONS_EACH)]
    for client in clients:
        ping(client)
    held = {program: program.descriptors() for program in (connect, *shares)}
    for _ in range(RESTARTS):
        router.program.kill()
        router = world.router(listen=router.address)
        back = time.monotonic()
        for client in clients:
            client.sendall(b"ping")
        for client in clients:
            assert client.recv(4) == b"ping"
        taken_s = time.monotonic() - back
        print(f"\n{len(clients)} connections of {SHARES} shares were back after {taken_s:.2f} s")
        assert taken_s < 5
        assert router.program.stderr_text().count("bridge.opened") <= len(clients) * 1.01
        assert len(world.services(router)) == SHARES
        spread_s = spread(times_of(router, "service.added"))
        print(f"shares came over {spread_s:.2f} s")
        assert spread_s > 0.1  # the first waits are that short
    for client in clients:
        finish(client)
        assert drain(client) == Received.nothing()
    expect_back_to(world, router, held)


def replace_router(forward: Forward) -> None:
    """A new one beside it, which new streams reach; then the old one is told to end."""
    old, forward.router = forward.router, forward.world.router()
    for link in (forward.share_link, forward.connect_link):
        link.upstream = forward.router.address
    old.program.send_signal(signal.SIGTERM)
    assert old.program.wait_exit(10) == 0


@pytest.mark.timeout_s(120)
def test_nobody_notices_a_router_that_is_replaced(world: World) -> None:
    """Make before break: how long a byte is on its way while its connection moves."""
    target = world.target().serve(echo)
    forward = Forward(world, target)
    client = world.dial(forward.address)
    ping(client)
    slowest_s: list[float] = []
    for _ in range(REPLACEMENTS):
        replacing = world.background(replace_router, forward)
        times_s = []
        while not replacing.done():
            start = time.monotonic()
            ping(client)
            times_s.append(time.monotonic() - start)
        replacing.result()
        slowest_s.append(max(times_s))
    print(f"\n{REPLACEMENTS} replacements: slowest round trip of each, median "
          f"{statistics.median(slowest_s) * 1000:.1f} ms, most {max(slowest_s) * 1000:.1f} ms")
    assert statistics.median(slowest_s) < 0.05
