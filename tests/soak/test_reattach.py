# SPDX-License-Identifier: MIT
"""Routers that are killed under load: how long nothing moves, and whether everybody comes back."""
from __future__ import annotations

import hashlib
import resource
import socket
import statistics
import threading
import time
from pathlib import Path

import pytest
from harness.streams import END_OF_STREAM, Payload, Received, drain, ping, send_and_finish
from harness.target import echo
from harness.world import Router, World, listening

GIB = 1 << 30
KILL_EVERY_S = 3.0
RATE_BYTES_PER_S = 24 << 20  # so that a GiB takes more than ten kills
BLOCK_BYTES = 256 << 10
SHARES, SERVICES_EACH, CONNECTIONS_EACH = 10, 20, 10


@pytest.fixture(autouse=True)
def many_descriptors() -> None:
    """2000 connections are 4000 sockets of this process alone."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Restarts:
    """Kills a router again and again, and starts it at the same address."""

    def __init__(self, world: World, router: Router) -> None:
        self._world = world
        self._router = router
        self._over = threading.Event()
        self.back_times: list[float] = []  # when it listened again
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.wait(KILL_EVERY_S):
            self._router.program.kill()
            self._router = self._world.router(listen=self._router.address)
            self.back_times.append(time.monotonic())

    def stop(self) -> None:
        """The last router stays."""
        self._over.set()
        self._thread.join()


def receive_slowly(connection: socket.socket, arrivals: list[float]) -> Received:
    """Everything until the end, at a steady rate; when each block arrived."""
    start = time.monotonic()
    digest, size = hashlib.sha256(), 0
    pace = threading.Event()
    connection.settimeout(60)
    while block := connection.recv(BLOCK_BYTES):
        digest.update(block)
        size += len(block)
        arrivals.append(time.monotonic())
        pace.wait(max(0.0, size / RATE_BYTES_PER_S - (time.monotonic() - start)))
    return Received(size, digest.hexdigest(), END_OF_STREAM)


@pytest.mark.timeout_s(300)
@pytest.mark.parametrize("direction", ["download", "upload"])
def test_a_gib_passes_while_the_router_is_killed_every_three_seconds(
    world: World, direction: str
) -> None:
    router = world.router()
    target = world.target()
    world.share(router, f"web={target.address}")
    client = world.dial(listening(world.connect(router, "web=0"), "web"))
    client.sendall(b"x")
    server = target.accept()
    assert server.recv(1) == b"x"
    sender, receiver = (server, client) if direction == "download" else (client, server)
    payload = Payload(GIB)
    restarts = Restarts(world, router)
    sending = world.background(send_and_finish, sender, payload)
    arrivals: list[float] = []
    received = receive_slowly(receiver, arrivals)
    restarts.stop()
    sending.result()
    assert received == Received.all_of(payload)
    gaps = []
    for back in restarts.back_times:
        later = [time_s for time_s in arrivals if time_s >= back]
        if later:
            gaps.append(later[0] - back)
    print(f"\n{direction}: {len(gaps)} kills, gap after each restart: median "
          f"{statistics.median(gaps):.3f} s, most {max(gaps):.3f} s")
    assert len(gaps) >= 10
    assert statistics.median(gaps) < 1


@pytest.mark.timeout_s(300)
def test_two_hundred_services_and_two_thousand_connections_are_back_in_five_seconds(
    world: World, tmp_path: Path
) -> None:
    router = world.router()
    target = world.target().serve(echo)
    names = [f"s{i}" for i in range(SHARES * SERVICES_EACH)]
    for first in range(0, len(names), SERVICES_EACH):
        world.share(router, *(f"{n}={target.address}" for n in names[first:first + SERVICES_EACH]))
    connect = world.connect(router, *(f"{name}=unix:{tmp_path}/{name}" for name in names))
    clients = []
    for name in names:
        address = listening(connect, name)
        clients += [world.dial(address) for _ in range(CONNECTIONS_EACH)]
    for client in clients:
        ping(client)
    router.program.kill()
    router = world.router(listen=router.address)
    back = time.monotonic()
    for client in clients:
        client.sendall(b"ping")
    for client in clients:
        assert client.recv(4) == b"ping"
    taken_s = time.monotonic() - back
    print(f"\n{len(clients)} connections of {len(names)} services were back after {taken_s:.2f} s")
    assert taken_s < 5
    assert router.program.stderr_text().count("bridge.opened") <= len(clients) * 1.01
    assert len(world.services(router)) == len(names)
    clients[0].shutdown(socket.SHUT_WR)
    assert drain(clients[0]) == Received.nothing()
